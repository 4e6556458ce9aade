"""Paths that name no resource: discovery, OpenAPI, version, health and metrics."""

import asyncio

from podvisor.apiserver import answers, discovery, issuer
from podvisor.apiserver.openapi import v2, v3
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer, Request, content
from podvisor.store.backend import prefix_end
from podvisor.types import schema, status

_TEXT = "text/plain; charset=utf-8"


async def handle(server: Server, request: Request) -> Answer:
    """Answer a GET. Raises NotFound for a path that is not there, MethodNotAllowed for other methods."""
    if request.method not in ("GET", "HEAD"):
        raise status.MethodNotAllowed()
    parts = request.path.strip("/").split("/")
    match parts:
        case ["version"]:
            return answers.json(version())
        case ["healthz" | "livez" | "readyz", *_]:
            return await _health(server, request, parts)
        case ["metrics"]:
            return await _metrics(server)
        case [".well-known", "openid-configuration"]:
            return issuer.configuration(server)
        case ["openid", "v1", "jwks"]:
            return issuer.keys(server)
        case ["openapi", "v2"]:
            # With many custom resources it takes a while, which others need not wait for.
            return await asyncio.to_thread(v2.answer, server, request)
        case ["openapi", "v3", *path]:
            return v3.answer(server, "/".join(path))
        case ["api" | "apis", *_]:
            return discovery.answer(server, request, parts)
        case [""]:
            return answers.json({"paths": paths(server)})
        case _:
            raise status.NotFound()


def version() -> dict[str, str]:
    """`version.Info`: the Kubernetes version whose API this is, and whose server."""
    major, minor = schema.data().version.split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"v{major}.{minor}.0+podvisor",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "linux/amd64",
    }


def paths(server: Server) -> list[str]:
    """Every path at which something answers."""
    found = ["/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
    found += [issuer.CONFIGURATION_PATH, issuer.KEYS_PATH] if server.issuer else []
    for group, versions in server.catalogue.now.groups.items():
        found += [f"/apis/{group}/{one}" if group else f"/api/{one}" for one in versions]
        found += [f"/apis/{group}"] if group else []
    return sorted(found)


async def _health(server: Server, request: Request, parts: list[str]) -> Answer:
    """`ok` if the store answers; with `verbose` also what was looked at."""
    await server.storage.backend.range(b"\0", count_only=True)
    if "verbose" not in request.query:
        return content(b"ok", _TEXT)
    return content(f"[+]ping ok\n[+]etcd ok\n{parts[0]} check passed\n".encode(), _TEXT)


async def _metrics(server: Server) -> Answer:
    # Only clusters that are measured pay for prometheus_client.
    from podvisor.apiserver import exposition

    stored: dict[str, int] = {}
    for resource in server.catalogue.now.resources:
        if not (resource.is_question or resource.is_measured) and resource.hooks.from_storage is None:
            name = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
            found = await server.storage.backend.range(resource.key, prefix_end(resource.key), count_only=True)
            stored[name] = found.count
    return content(exposition.text(server.metrics, stored, version()), exposition.CONTENT_TYPE)
