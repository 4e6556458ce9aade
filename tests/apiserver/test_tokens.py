"""What a token may be bound to when it is asked for."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from apiserver import authority
from apiserver.conftest import Api, Reply, serving
from apiserver.samples import PODS, pod
from podvisor.apiserver import Api as Server
from podvisor.apiserver import Settings, access, app
from podvisor.apiserver.tokens import TokenClaims
from podvisor.base.clock import SystemClock
from podvisor.store.backend import Backend

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


class Issuer:
    """Signs nothing, and remembers what it was to say."""

    audiences = ("here",)

    def __init__(self) -> None:
        self.said: list[TokenClaims] = []

    def issue(self, claims: TokenClaims, now: datetime) -> tuple[str, datetime]:
        self.said.append(claims)
        return "token", now + timedelta(seconds=claims.seconds)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
async def signing(ca: authority.Authority, tmp_path: Path, store: Backend, issuer: Issuer) -> AsyncGenerator[Api]:
    """A client of a server that signs tokens, with the accounts `default` and `robot` and a pod of the first."""
    allowed = access.Access([access.ClientCertificates()])
    server = app(Server(Settings(), store, allowed, SystemClock(), issuer=issuer))
    async with (
        serving(server, ca, tmp_path) as port,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=ca.client_context(tmp_path))) as session,
    ):
        api = Api(session, f"https://127.0.0.1:{port}")
        for name in ("default", "robot"):
            await api.post(ACCOUNTS, {"metadata": {"name": name}})
        await api.post(PODS, pod("web"))
        yield api


async def ask(api: Api, account: str, **bound: Any) -> Reply:
    return await api.post(f"{ACCOUNTS}/{account}/token", {"spec": {"boundObjectRef": {"kind": "Pod", **bound}}})


async def test_token_is_bound_to_the_very_pod_that_is_there_though_only_its_name_was_given(
    signing: Api, issuer: Issuer
) -> None:
    uid = (await signing.get(f"{PODS}/web")).body["metadata"]["uid"]
    assert (await ask(signing, "default", name="web")).code == 201
    assert [(one.bound_to or {})["uid"] for one in issuer.said] == [uid]


async def test_token_of_one_account_is_not_bound_to_a_pod_of_another(signing: Api, issuer: Issuer) -> None:
    refused = await ask(signing, "robot", name="web")
    assert refused.code == 400
    assert refused.message == (
        'cannot bind token for serviceaccount "robot" to pod running with different serviceaccount name.'
    )
    assert not issuer.said


async def test_token_is_not_bound_to_a_pod_that_only_has_the_name_of_another(signing: Api, issuer: Issuer) -> None:
    assert (await ask(signing, "default", name="web", uid="of-an-earlier-one")).code == 409
    assert (await ask(signing, "default", name="none")).code == 404
    assert not issuer.said
