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

    issuer = "https://issuer"
    audiences = ("here",)

    def __init__(self) -> None:
        self.said: list[TokenClaims] = []

    def issue(self, claims: TokenClaims, now: datetime) -> tuple[str, datetime]:
        self.said.append(claims)
        return "token", now + timedelta(seconds=claims.seconds)

    def published_keys(self) -> list[dict[str, str]]:
        return [{"kty": "EC", "alg": "ES256"}, {"kty": "RSA", "alg": "RS256"}, {"kty": "RSA", "alg": "RS256"}]


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
    uid = (await signing.get(f"{PODS}/web")).body["metadata"]["uid"]
    assert (await ask(signing, "default", name="web", uid="of-an-earlier-one")).message == (
        'Operation cannot be fulfilled on Pod "web": the UID in the bound object reference (of-an-earlier-one) '
        f"does not match the UID in record ({uid}). "
        "The object might have been deleted and then recreated"
    )


async def test_token_of_a_pod_says_on_which_node_it_is(signing: Api, issuer: Issuer) -> None:
    await signing.post(f"{PODS}/web/binding", {"target": {"name": "n1"}})
    assert (await ask(signing, "default", name="web")).code == 201
    node = (await signing.post("/api/v1/nodes", {"metadata": {"name": "n1"}})).body
    assert (await ask(signing, "default", name="web")).code == 201
    assert [one.node for one in issuer.said] == [{"name": "n1"}, {"name": "n1", "uid": node["metadata"]["uid"]}]


async def test_token_may_be_bound_to_a_secret_or_node_and_to_nothing_else(signing: Api, issuer: Issuer) -> None:
    await signing.post("/api/v1/namespaces/default/secrets", {"metadata": {"name": "s"}})
    await signing.post("/api/v1/nodes", {"metadata": {"name": "n1"}})
    assert (await ask(signing, "default", kind="Secret", name="s")).code == 201
    assert (await ask(signing, "default", kind="Node", name="n1")).code == 201
    assert [(one.bound_to or {})["kind"] for one in issuer.said] == ["Secret", "Node"]
    refused = await ask(signing, "default", kind="ConfigMap", name="c")
    assert (refused.code, refused.message) == (400, "cannot bind token to object of type /v1, Kind=ConfigMap")
    refused = await ask(signing, "default", apiVersion="apps/v1", name="web")
    assert (refused.code, refused.message) == (400, "cannot bind token to object of type apps/v1, Kind=Pod")


async def test_request_that_speaks_of_another_account_than_its_path_is_refused(signing: Api, issuer: Issuer) -> None:
    for key in ("name", "namespace"):
        refused = await signing.post(f"{ACCOUNTS}/default/token", {"metadata": {key: "other"}})
        assert refused.code == 422
        assert f"must match the service account {key} if specified" in refused.message
    short = await signing.post(f"{ACCOUNTS}/default/token", {"spec": {"expirationSeconds": 599}})
    assert "may not specify a duration less than 10 minutes" in short.message
    assert not issuer.said


async def test_others_can_find_out_who_signs(signing: Api) -> None:
    found = await signing.get("/.well-known/openid-configuration")
    assert found.body == {
        "issuer": "https://issuer",
        "jwks_uri": "https://127.0.0.1:6443/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
    }
    keys = await signing.get("/openid/v1/jwks")
    assert [key["alg"] for key in keys.body["keys"]] == ["ES256", "RS256", "RS256"]
    assert (keys.headers["Content-Type"], keys.headers["Cache-Control"]) == (
        "application/jwk-set+json",
        "public, max-age=3600",
    )
    assert (await signing.post("/openid/v1/jwks", {})).code == 405
