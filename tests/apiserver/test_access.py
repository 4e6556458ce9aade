"""Who is let in."""

from pathlib import Path

import aiohttp

from apiserver import authority
from apiserver.conftest import Api
from apiserver.samples import MAPS


async def test_nobody_is_anonymous(stranger: Api) -> None:
    refused = await stranger.get(MAPS)
    assert (refused.code, refused.body["reason"]) == (401, "Unauthorized")
    assert (await stranger.get("/apis")).code == 401
    assert (await stranger.get("/healthz")).body == b"ok"
    assert (await stranger.get("/version")).body["gitVersion"].startswith("v1.33")


async def test_tokens_are_as_good_as_certificates(stranger: Api) -> None:
    assert (await stranger.get(MAPS, Authorization="Bearer good")).code == 200
    assert (await stranger.get(MAPS, Authorization="Bearer bad")).code == 401
    assert (await stranger.get(MAPS, Authorization="Basic Z29vZA==")).code == 401


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
        assert (await jane.get("/apis")).message == 'forbidden: User "jane" cannot get path "/apis"'
