"""The API without a connection: the same answers, to whoever shares the process."""

from collections.abc import AsyncGenerator

import orjson
import pytest
from multidict import CIMultiDict, MultiDict

from podvisor import sdk
from podvisor.apiserver import Api, Settings, access
from podvisor.base.clock import SystemClock
from podvisor.base.http import Answer, Request, Stream
from podvisor.store.backend import Backend

MAPS = "/api/v1/namespaces/default/configmaps"
ADMIN = access.User("admin", ["system:masters"])


@pytest.fixture
async def server(store: Backend) -> AsyncGenerator[Api]:
    """An API that nobody can connect to."""
    server = Api(Settings(), store, access.Access([access.ClientCertificates()]), SystemClock())
    async with server.running():
        yield server


def request(method: str, path: str, body: object = None, **headers: str) -> Request:
    async def read() -> bytes:
        return orjson.dumps(body)

    path, _, query = path.partition("?")
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&") if pair]
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, MultiDict(pairs), CIMultiDict(sent), read)  # pyright: ignore[reportArgumentType]


async def status_of(answer: Answer) -> tuple[int, str]:
    content = orjson.loads(await answer.read())
    return answer.status, content.get("reason", "") or content["kind"]


async def test_a_known_user_is_answered_as_over_a_connection(server: Api) -> None:
    made = await server.answer(request("POST", MAPS, {"metadata": {"name": "one"}}), ADMIN)
    assert await status_of(made) == (201, "ConfigMap")
    assert made.headers["Content-Type"] == "application/json"
    again = await server.answer(request("POST", MAPS, {"metadata": {"name": "one"}}), ADMIN)
    assert await status_of(again) == (409, "AlreadyExists")


async def test_who_is_known_is_not_therefore_allowed(server: Api) -> None:
    assert await status_of(await server.answer(request("GET", MAPS))) == (403, "Forbidden")
    refused = await server.answer(request("GET", MAPS), access.User("jane", ["developers"]))
    assert await status_of(refused) == (403, "Forbidden")


async def test_impersonation_is_checked_by_who_asks(server: Api) -> None:
    as_jane = request("GET", MAPS, Impersonate_User="jane")
    assert await status_of(await server.answer(as_jane, ADMIN)) == (403, "Forbidden")
    as_admin = request("GET", MAPS, Impersonate_User="admin", Impersonate_Group="system:masters")
    assert await status_of(await server.answer(as_admin, access.User("jane"))) == (403, "Forbidden")
    assert (await server.answer(as_admin, ADMIN)).status == 200


async def test_a_watch_is_a_body_that_goes_on(server: Api) -> None:
    answer = await server.answer(request("GET", f"{MAPS}?watch=true"), ADMIN)
    assert isinstance(answer.body, Stream)
    await server.answer(request("POST", MAPS, {"metadata": {"name": "one"}}), ADMIN)
    event = orjson.loads(await anext(aiter(answer.body)))
    assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "one")
    await answer.body.aclose()


async def test_who_writes_is_known_by_the_name_of_its_client(server: Api) -> None:
    client = sdk.Client(sdk.InProcess(server, ADMIN, agent="kube-scheduler"))
    made = await client.create(sdk.kinds.CONFIGMAPS, {"metadata": {"name": "one"}, "data": {"a": "1"}}, "default")
    assert made.metadata.name == "one"
    found = orjson.loads(await (await server.answer(request("GET", f"{MAPS}/one"), ADMIN)).read())
    assert [entry["manager"] for entry in found["metadata"]["managedFields"]] == ["kube-scheduler"]
