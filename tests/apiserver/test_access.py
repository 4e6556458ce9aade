"""Who is let in."""

from pathlib import Path

import aiohttp
import pytest

from apiserver import authority
from apiserver.conftest import Api
from apiserver.samples import MAPS


async def test_who_shows_nothing_is_anonymous_and_sees_health_and_version_only(stranger: Api) -> None:
    refused = await stranger.get(MAPS)
    assert (refused.code, refused.message) == (
        403,
        'configmaps is forbidden: User "system:anonymous" cannot list resource "configmaps" in API group "" '
        'in the namespace "default"',
    )
    assert (await stranger.get("/apis")).message == 'forbidden: User "system:anonymous" cannot get path "/apis"'
    for path in ("/healthz", "/livez", "/readyz"):
        assert (await stranger.get(path)).body == b"ok"
    assert (await stranger.get("/version")).body["gitVersion"].startswith("v1.33")
    assert (await stranger.get("/livez/ping")).code == 403


@pytest.mark.parametrize("plural", ["selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"])
async def test_the_anonymous_learn_nothing_about_themselves(stranger: Api, plural: str) -> None:
    group = "authentication" if plural == "selfsubjectreviews" else "authorization"
    assert (await stranger.post(f"/apis/{group}.k8s.io/v1/{plural}", {"spec": {}})).code == 403


async def test_tokens_are_as_good_as_certificates(stranger: Api) -> None:
    assert (await stranger.get(MAPS, Authorization="Bearer good")).code == 200
    assert (await stranger.get(MAPS, Authorization="Bearer bad")).code == 401
    assert (await stranger.get(MAPS, Authorization="bearer good")).code == 200
    assert (await stranger.get("/version", Authorization="Bearer bad")).code == 401
    for no_proof in ("Basic Z29vZA==", "Bearer", "Bearer ", "Bearer  good", "good"):
        refused = await stranger.get(MAPS, Authorization=no_proof)
        assert (refused.code, "system:anonymous" in refused.message) == (403, True)


def offered(*protocols: str) -> dict[str, str]:
    key = {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec_WebSocket_Version": "13", "Connection": "Upgrade"}
    return key | {"Upgrade": "websocket", "Sec_WebSocket_Protocol": ", ".join(protocols)}


TOKEN = "base64url.bearer.authorization.k8s.io."
GOOD, BAD = f"{TOKEN}Z29vZA", f"{TOKEN}YmFk"


async def test_a_websocket_may_carry_its_token_as_a_protocol(stranger: Api) -> None:
    assert (await stranger.get(MAPS, **offered(GOOD, "v4.channel.k8s.io"))).code == 200
    for wrong in ((BAD, "v4"), (GOOD,), (GOOD, GOOD, "v4"), (f"{TOKEN}%%%%", "v4"), (f"{TOKEN}_w", "v4")):
        assert (await stranger.get(MAPS, **offered(*wrong))).code == 401, wrong
    assert (await stranger.get(MAPS, Sec_WebSocket_Protocol=f"{GOOD}, v4")).code == 403


async def test_a_certificate_counts_though_a_token_beside_it_is_bad(api: Api) -> None:
    assert (await api.get(MAPS, Authorization="Bearer bad")).code == 200


async def test_others_may_nothing(address: str, ca: authority.Authority, tmp_path: Path) -> None:
    context = ca.client_context(tmp_path, "jane", "developers")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        jane = Api(session, address)
        refused = await jane.get(MAPS)
        assert (refused.code, refused.body["reason"]) == (403, "Forbidden")
        assert refused.message == (
            'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" '
            'in the namespace "default"'
        )
        named = await jane.get("/api/v1/nodes/n1")
        assert named.message == (
            'nodes "n1" is forbidden: User "jane" cannot get resource "nodes" in API group "" at the cluster scope'
        )
        assert (await jane.get("/metrics")).message == 'forbidden: User "jane" cannot get path "/metrics"'
