"""ServiceAccount tokens, and when they stop being believed."""

import json
from collections.abc import AsyncGenerator
from datetime import timedelta

import jwt
import pytest

from podvisor.apiserver import kinds, objects
from podvisor.apiserver.tokens import TokenClaims
from podvisor.cluster import certificates
from podvisor.cluster.tokens import ISSUER, ServiceAccountTokens
from podvisor.store import embedded
from podvisor.store.backend import Backend, Delete, Put
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory_journal import MemoryJournal

CLAIMS = TokenClaims("prod", "robot", "uid-1", [ISSUER], 600)
BOUND = TokenClaims("prod", "robot", "uid-1", [ISSUER], 600, {"kind": "Pod", "name": "web-0", "uid": "uid-2"})


def key(plural: str, name: str) -> bytes:
    return objects.key(kinds.catalogue().get("", "v1", plural), "prod", name)


async def store_object(store: Backend, plural: str, name: str, uid: str) -> None:
    """Put an object of which only the uid matters."""
    value = json.dumps({"metadata": {"name": name, "namespace": "prod", "uid": uid}}).encode()
    await store.txn([], [Put(key(plural, name), value)])


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def store(clock: VirtualClock) -> AsyncGenerator[Backend]:
    async with embedded.running(MemoryJournal(), clock=clock) as store:
        await store_object(store, "serviceaccounts", "robot", "uid-1")
        await store_object(store, "pods", "web-0", "uid-2")
        yield store


@pytest.fixture
def tokens(store: Backend, clock: VirtualClock) -> ServiceAccountTokens:
    return ServiceAccountTokens(certificates.signing_key(), store, clock)


async def test_a_token_stands_for_its_account(tokens: ServiceAccountTokens, clock: VirtualClock):
    token, ends = tokens.issue(CLAIMS, clock.now())
    known = await tokens.known(token)
    assert known is not None
    user = known.user
    assert (user.name, user.uid) == ("system:serviceaccount:prod:robot", "uid-1")
    assert user.groups == ["system:serviceaccounts", "system:serviceaccounts:prod"]
    assert ends == clock.now() + timedelta(seconds=600)


async def test_its_claims_are_those_that_clients_know(tokens: ServiceAccountTokens, clock: VirtualClock):
    token, ends = tokens.issue(BOUND, clock.now())
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["exp"]) == (ISSUER, [ISSUER], ends.timestamp())
    assert claims["sub"] == "system:serviceaccount:prod:robot"
    assert claims["kubernetes.io"] == {
        "namespace": "prod",
        "serviceaccount": {"name": "robot", "uid": "uid-1"},
        "pod": {"name": "web-0", "uid": "uid-2"},
    }


async def test_it_ends_with_its_time(tokens: ServiceAccountTokens, clock: VirtualClock):
    token, _ = tokens.issue(CLAIMS, clock.now())
    await clock.advance(599)
    assert await tokens.known(token)
    await clock.advance(1)
    assert await tokens.known(token) is None


async def test_it_ends_with_its_account(tokens: ServiceAccountTokens, store: Backend, clock: VirtualClock):
    token, _ = tokens.issue(CLAIMS, clock.now())
    await store_object(store, "serviceaccounts", "robot", "another of the same name")
    assert await tokens.known(token) is None


async def test_it_ends_with_the_pod_it_is_bound_to(tokens: ServiceAccountTokens, store: Backend, clock: VirtualClock):
    token, _ = tokens.issue(BOUND, clock.now())
    known = await tokens.known(token)
    assert known is not None
    user = known.user
    assert user.extra["authentication.kubernetes.io/pod-name"] == ["web-0"]
    await store.txn([], [Delete(key("pods", "web-0"))])
    assert await tokens.known(token) is None


async def test_one_for_another_audience_is_not_ours(tokens: ServiceAccountTokens, clock: VirtualClock):
    token, _ = tokens.issue(TokenClaims("prod", "robot", "uid-1", ["vault"], 600), clock.now())
    assert await tokens.known(token) is None
    known = await tokens.known(token, ["other", "vault"])
    assert known is not None
    assert known.audiences == ["vault"]


async def test_forgeries_are_not_believed(tokens: ServiceAccountTokens, store: Backend, clock: VirtualClock):
    token, _ = tokens.issue(CLAIMS, clock.now())
    other, _ = ServiceAccountTokens(certificates.signing_key(), store, clock).issue(CLAIMS, clock.now())
    unsigned = jwt.encode(jwt.decode(token, options={"verify_signature": False}), None, "none")
    for forged in (other, unsigned, token[:-4] + "AAAA", "nonsense", "a.b.c", ""):
        assert await tokens.known(forged) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"nbf": "soon"},
        {"nbf": [1]},
        {"exp": {}},
        {"kubernetes.io": "text"},
        {"kubernetes.io": {}},
        {"kubernetes.io": {"namespace": 1, "serviceaccount": {"name": "robot", "uid": "uid-1"}}},
        {"kubernetes.io": {"namespace": "prod", "serviceaccount": ["robot"]}},
        {"kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "robot"}}},
        {"kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "robot", "uid": "uid-1"}, "pod": "web-0"}},
    ],
    ids=str,
)
async def test_odd_claims_under_our_own_signature_stand_for_nobody(
    store: Backend, clock: VirtualClock, claims: dict[str, object]
):
    key = certificates.signing_key()
    tokens = ServiceAccountTokens(key, store, clock)
    good = jwt.decode(tokens.issue(CLAIMS, clock.now())[0], options={"verify_signature": False})
    assert await tokens.known(jwt.encode(good, key, "ES256")) is not None
    assert await tokens.known(jwt.encode(good | claims, key, "ES256")) is None
