"""An API server within the test, without sockets, and definitions to try it with."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from multidict import CIMultiDict, MultiDict

from podvisor.apiserver import Api, Settings, access
from podvisor.base.clock import SystemClock
from podvisor.base.http import Request, Stream
from podvisor.store import embedded
from podvisor.store.backend import Backend
from podvisor.testing.memory_journal import MemoryJournal

ADMIN = access.User("admin", ["system:masters"])
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    code: int
    body: Any
    warnings: list[str]

    @property
    def message(self) -> str:
        return self.body.get("message", "")


@dataclass(frozen=True)
class Caller:
    """A client in few words."""

    api: Api
    store: Backend

    async def __call__(
        self, method: str, path: str, body: Any = None, *, kind: str = "", accept: str = "*/*", **query: str
    ) -> Reply:
        async def read() -> bytes:
            return b"" if body is None else orjson.dumps(body)

        sent = kind or ("merge-patch+json" if method == "PATCH" else "json")
        headers = CIMultiDict({"Accept": accept, "Content-Type": f"application/{sent}"})
        answer = await self.api.answer(Request(method, path, MultiDict(query), headers, read), ADMIN)
        assert not isinstance(answer.body, Stream)
        found = answer.headers.getall("Warning", [])
        return Reply(answer.status, orjson.loads(await answer.read()), [one[7:-1] for one in found])

    async def get(self, path: str, **query: str) -> Reply:
        return await self("GET", path, **query)

    async def post(self, path: str, body: Any, **query: str) -> Reply:
        return await self("POST", path, body, **query)

    async def put(self, path: str, body: Any) -> Reply:
        return await self("PUT", path, body)

    async def patch(self, path: str, body: Any, kind: str = "merge-patch+json", **query: str) -> Reply:
        return await self("PATCH", path, body, kind=kind, **query)

    async def delete(self, path: str, body: Any = None) -> Reply:
        return await self("DELETE", path, body)

    async def watch(self, path: str, **query: str) -> Stream:
        async def read() -> bytes:
            return b""

        request = Request("GET", path, MultiDict(query | {"watch": "1"}), CIMultiDict({"Accept": "*/*"}), read)
        answer = await self.api.answer(request, ADMIN)
        assert isinstance(answer.body, Stream)
        return answer.body

    async def until(self, path: str, holds: Callable[[Reply], bool]) -> Reply:
        """Ask until it is so. What it waits for takes milliseconds; the limit is for a machine that is busy."""
        async with asyncio.timeout(30):
            while not holds(reply := await self.get(path)):  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        return reply

    async def define(self, definition: Json) -> Json:
        """Create a definition and wait until it is established."""
        created = await self.post(DEFINITIONS, definition)
        assert created.code == 201, created.body
        path = f"{DEFINITIONS}/{definition['metadata']['name']}"
        return (await self.until(path, lambda reply: condition(reply.body, "Established").get("status") == "True")).body

    async def redefine(self, *versions: Json) -> None:
        """Give the widgets other versions, and wait until requests meet them: OpenAPI says something else then."""
        path = "apis/example.com/v1"
        before = (await self.get("/openapi/v3")).body["paths"][path]
        changed = await self.patch(f"{DEFINITIONS}/widgets.example.com", {"spec": {"versions": list(versions)}})
        assert changed.code == 200, changed.body
        await self.until("/openapi/v3", lambda reply: reply.body["paths"].get(path) != before)


@asynccontextmanager
async def calling() -> AsyncGenerator[Caller]:
    async with embedded.running(MemoryJournal(), clock=SystemClock()) as store:
        api = Api(Settings(), store, access.Access([], tokens=[]), SystemClock())
        async with api.running():
            yield Caller(api, store)


def condition(definition: Json, type: str) -> Json:
    found = definition.get("status", {}).get("conditions", [])
    return next((one for one in found if one["type"] == type), {})


def definition(
    plural: str = "widgets", kind: str = "Widget", group: str = "example.com", scope: str = "Namespaced", **spec: Any
) -> Json:
    """A definition with one version, whose status has a path of its own."""
    whole = {
        "group": group,
        "scope": scope,
        "names": {"plural": plural, "kind": kind},
        "versions": [version("v1")],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": whole | spec,
    }


ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def version(name: str, schema: Json = ANYTHING, *, storage: bool = True, **more: Any) -> Json:
    shown = {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": schema}}
    return shown | {"subresources": {"status": {}}} | more


def widget(name: str = "a", api_version: str = "example.com/v1", **content: Any) -> Json:
    return {"apiVersion": api_version, "kind": "Widget", "metadata": {"name": name}} | content
