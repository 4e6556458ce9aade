"""A registry of the tests' own, in this process, that does what none should; and an image that it serves."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from podvisor.base.clock import SystemClock
from podvisor.images.registry import hosts, manifest, transport
from podvisor.images.registry.client import Client
from podvisor.images.registry.credentials import Login
from podvisor.images.registry.transport import Transport

MANIFEST, CONFIG, LAYER = manifest.MANIFESTS[0], manifest.CONFIGURATIONS[0], manifest.LAYERS[1]
Hook = Callable[[web.Request], Awaitable[web.StreamResponse | None]]
"""Answers a request, or leaves it to the registry."""


class Instant(SystemClock):
    """A clock that remembers how long it should have slept, and does not."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def described(kind: str, data: bytes) -> manifest.Descriptor:
    return manifest.Descriptor(kind, digest(data), len(data))


def json_of(one: manifest.Descriptor) -> dict[str, object]:
    return {"mediaType": one.media_type, "digest": one.digest, "size": one.size}


def layer(**files: bytes) -> tuple[bytes, str]:
    """A compressed layer with these files, and its diffID."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(packed.getvalue(), mtime=0, compresslevel=1), digest(packed.getvalue())


@dataclass
class Faulty:
    """What it serves, what it does instead, and what it was asked."""

    address: str = ""
    """`127.0.0.1:PORT`."""
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    hook: Hook | None = None
    seen: list[web.Request] = field(default_factory=list)

    def add(self, name: str, kind: str, data: bytes) -> manifest.Descriptor:
        """Serve a manifest by its digest, and by a tag."""
        self.manifests[name] = self.manifests[digest(data)] = kind, data
        return described(kind, data)

    def blob(self, data: bytes, kind: str = LAYER) -> manifest.Descriptor:
        self.blobs[digest(data)] = data
        return described(kind, data)

    def image(self, tag: str = "latest", **files: bytes) -> manifest.Descriptor:
        """Serve an image of one layer."""
        data, diff_id = layer(**(files or {"marker": b"here\n"}))
        config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
        pieces = {
            "config": json_of(self.blob(encoded(config), CONFIG)),
            "layers": [json_of(self.blob(data))],
        }
        return self.add(tag, MANIFEST, encoded({"schemaVersion": 2, "mediaType": MANIFEST} | pieces))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        if self.hook and (answer := await self.hook(request)):
            return answer
        kind, name = request.match_info["kind"], request.match_info["name"]
        if kind == "manifests" and name in self.manifests:
            media, data = self.manifests[name]
            return web.Response(body=data, headers={"Content-Type": media})
        if kind == "blobs" and name in self.blobs:
            return ranged(request, self.blobs[name])
        return error(404, "NOT_FOUND", "there is no such thing")

    def ranges(self) -> list[str]:
        return [one.headers.get("Range", "") for one in self.seen if "/blobs/" in one.path]


def ranged(request: web.Request, data: bytes) -> web.Response:
    start = request.http_range.start or 0
    return web.Response(body=data[start:], status=206 if start else 200)


def error(status: int, code: str, message: str, **headers: str) -> web.Response:
    body = json.dumps({"errors": [{"code": code, "message": message}]})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, text=body, content_type="application/json", headers=named)


async def cut(request: web.Request, data: bytes, *, announced: int, status: int = 200) -> web.StreamResponse:
    """Announce so many bytes, send these, and hang up."""
    response = web.StreamResponse(status=status, headers={"Content-Length": str(announced)})
    await response.prepare(request)
    await response.write(data)
    assert request.transport
    request.transport.close()
    return response


REGISTRY = web.AppKey("registry", Faulty)


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


@asynccontextmanager
async def served() -> AsyncGenerator[Faulty]:
    registry = Faulty()
    app = web.Application()
    app[REGISTRY] = registry
    app.router.add_route("*", "/v2/{repository:.+}/{kind:manifests|blobs}/{name}", registry.answer)
    app.router.add_route("*", "/{kind:[^/]*}{name:.*}", registry.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    registry.address = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield registry
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(
    address: str, clock: SystemClock | None = None, *logins: Login, plain_allowed: bool = True
) -> AsyncGenerator[Client]:
    """Asks a registry over plain HTTP."""
    endpoint = hosts.Endpoint(f"http://{address}", "team/app", plain_allowed=plain_allowed)
    async with transport.session() as session:
        yield Client(Transport(session, clock or Instant()), endpoint, logins)


async def whole(asked: Client, one: manifest.Descriptor) -> bytes:
    return b"".join([chunk async for chunk in asked.blob(one)])
