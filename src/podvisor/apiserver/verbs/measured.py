"""get and list of what is measured: what nodes and pods use, asked of the nodes at this moment.

https://kubernetes.io/docs/tasks/debug/debug-cluster/resource-metrics-pipeline/#metrics-api . As with metrics-server,
a node that does not answer and a pod that does not run yet are left out of a list.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import orjson

from podvisor.apiserver import answers, cells, negotiation, objects, selection, table
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.state import State
from podvisor.base.http import Answer
from podvisor.types import status

log = logging.getLogger(__name__)
PATIENCE = 10.0
"""Seconds that a node may take to answer (metrics-server's `--kubelet-request-timeout`)."""
WINDOW = 15.0
"""Seconds over which a node measures what is used of its processors, or since its start for what is younger."""
_BRIEF = {"only_cpu_and_memory": "true"}


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """One of them, or all that the request selects. Raises NotFound."""
    stored = server.catalogue.get("", "v1", resource.plural)
    chosen = await _chosen(server, call, stored)
    items = await (_pods if resource.namespaced else _nodes)(server, resource, chosen)
    if call.verb == "get":
        if not items:
            raise status.NotFound(resource.subject(call.target.name))
        return answers.item(server, call, resource, items[0])
    wanted = negotiation.reply(call.request.headers.get("Accept"))
    return answers.many(wanted, orjson.dumps(_list(server, call, resource, items, wanted)))


def _list(server: Server, call: Call, resource: Resource, items: Sequence[Json], wanted: negotiation.Reply) -> Json:
    match wanted.form:
        case "object":
            shown: Json = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version, "items": items}
        case "Table":
            shown = table.of(resource, items, server.clock.now(), call.query, wanted.version)
        case _:
            shown = {"kind": "PartialObjectMetadataList", "apiVersion": f"meta.k8s.io/{wanted.version}"}
            shown["items"] = [answers.partial(item, wanted.version) for item in items]
    shown.setdefault("metadata", {})
    return shown


async def _chosen(server: Server, call: Call, stored: Resource) -> Sequence[Json]:
    """The nodes or pods that the request is about."""
    chosen = selection.of(call, stored)
    found = await server.storage.backend.range(chosen.start, chosen.end)
    states = (State(stored, kv) for kv in found.kvs)
    return [state.item for state in states if chosen.holds(state)]


async def _nodes(server: Server, resource: Resource, nodes: Sequence[Json]) -> Sequence[Json]:
    summaries = await _ask_all(server, nodes)
    made: list[Json] = []
    for node, summary in zip(nodes, summaries, strict=True):
        if summary is not None and (usage := _usage(summary["node"])) is not None:
            made.append(_metrics(server, resource, node, summary["node"]) | {"usage": usage})
    return made


async def _pods(server: Server, resource: Resource, pods: Sequence[Json]) -> Sequence[Json]:
    on_nodes = {name for pod in pods if (name := objects.dig(pod, "spec", "nodeName"))}
    stored = server.catalogue.get("", "v1", "nodes")
    kvs = [await server.storage.find(stored, "", name) for name in sorted(on_nodes)]
    summaries = await _ask_all(server, [objects.decode(stored, kv) for kv in kvs if kv is not None])
    measured = {pod["podRef"]["uid"]: pod for summary in summaries if summary for pod in summary["pods"]}
    made: list[Json] = []
    for pod in pods:
        if (known := measured.get(pod["metadata"]["uid"])) is not None and (containers := _containers(known)):
            youngest = max(known["containers"], key=lambda one: str(one["startTime"]))
            made.append(_metrics(server, resource, pod, youngest) | {"containers": containers})
    return made


def _containers(pod: Json) -> Sequence[Json]:
    """What each container uses; nothing where one of them cannot be told yet, lest the sum mislead."""
    uses = [(one["name"], _usage(one)) for one in pod["containers"]]
    return [] if any(use is None for _, use in uses) else [{"name": name, "usage": use} for name, use in uses]


def _metrics(server: Server, resource: Resource, item: Json, measured: Json) -> Json:
    """What all these objects have: about `item`, as it was measured."""
    known = {name: item["metadata"][name] for name in ("name", "namespace", "labels") if name in item["metadata"]}
    time = measured["cpu"]["time"]
    age = (cells.parse_time(time) - cells.parse_time(measured["startTime"])).total_seconds()
    return {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": known | {"creationTimestamp": cells.timestamp(server.clock.now())},
        "timestamp": time,
        "window": f"{max(min(WINDOW, age), 1):g}s",
    }


def _usage(measured: Mapping[str, Any]) -> Json | None:
    """Processors and memory as quantities; None where they are not known yet."""
    cores = objects.dig(measured, "cpu", "usageNanoCores")
    memory = objects.dig(measured, "memory", "workingSetBytes")
    if cores is None or memory is None:
        return None
    return {"cpu": f"{cores}n" if cores else "0", "memory": f"{memory // 1024}Ki"}


async def _ask_all(server: Server, nodes: Iterable[Json]) -> Sequence[Json | None]:
    return await asyncio.gather(*(_ask(server, node) for node in nodes))


async def _ask(server: Server, node: Json) -> Json | None:
    """A node's summary; None if it cannot be had now."""
    try:
        async with server.clock.timeout(PATIENCE), server.nodes.get(node, "/stats/summary", _BRIEF) as answer:
            body = await answer.read()
            return cast("Json", orjson.loads(body)) if answer.status == 200 else None
    except (status.ApiError, ConnectionError, TimeoutError, ValueError) as error:
        log.debug("node %s was not measured: %s", node["metadata"]["name"], error)
        return None
