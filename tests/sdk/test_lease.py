"""Leader election."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from podvisor import sdk
from podvisor.base import tasks
from podvisor.sdk import errors, kinds
from podvisor.sdk.lease import Election, Lost
from podvisor.testing.clock import settle

KEY = sdk.Key("kube-system", "scheduler")


@pytest.fixture
def leading() -> list[str]:
    return []


@pytest.fixture
def candidate(client, clock, leading):
    def make(identity: str):
        async def work() -> None:
            leading.append(identity)
            try:
                await asyncio.Event().wait()
            finally:
                leading.remove(identity)

        return Election(client, KEY, identity, clock).lead(work)

    return make


async def test_of_two_candidates_one_leads_and_a_clean_exit_hands_over_at_once(clock, leading, candidate):
    async with tasks.background() as scope:
        first = scope.start(candidate("first"))
        await settle()
        scope.start(candidate("second"))
        await clock.advance(60)
        assert leading == ["first"]
        first.cancel()
        await clock.advance(2)
        assert leading == ["second"]


async def test_a_leader_cut_off_stops_before_another_may_begin(api, client, clock, leading, candidate):
    async with tasks.background() as scope:
        first = scope.start(_outcome(candidate("first")))
        await settle()

        def cut(request) -> None:
            raise errors.Unreachable("cut off")

        api.intercept = cut
        scope.start(candidate("second"))
        await clock.advance(12)
        assert leading == []
        assert isinstance(await first, Lost)
        api.intercept = lambda request: None
        await clock.advance(2)
        assert leading == []
        await clock.advance(16)
        assert leading == ["second"]


async def test_a_leader_whose_requests_hang_stops_in_time_too(api, clock, leading, candidate):
    async with tasks.background() as scope:
        first = scope.start(_outcome(candidate("first")))
        await settle()
        answer = api.open

        @asynccontextmanager
        async def hang(request):
            await asyncio.Event().wait()
            async with answer(request) as reply:
                yield reply

        api.open = hang
        await clock.advance(10)
        assert leading == []
        await clock.advance(2)
        assert isinstance(await first, Lost)


async def test_the_lease_says_who_leads_and_how_often_that_changed(client, clock, candidate):
    async with tasks.background() as scope:
        scope.start(candidate("first"))
        await settle()
        lease = await client.get(kinds.LEASES, KEY.name, KEY.namespace)
        assert (lease.spec.holder_identity, lease.spec.lease_transitions) == ("first", 0)
        await clock.advance(2)
        renewed = await client.get(kinds.LEASES, KEY.name, KEY.namespace)
        assert renewed.spec.renew_time > lease.spec.renew_time


async def _outcome(leading) -> BaseException | None:
    try:
        await leading
    except Lost as lost:
        return lost
    return None
