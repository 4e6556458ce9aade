"""scale: how many replicas are wanted and how many there are, the same way for every kind that has them.

https://kubernetes.io/docs/reference/kubernetes-api/autoscaling-resources/scale-v1/
"""

from datetime import datetime
from typing import Any

from podvisor.apiserver import answers, bodies, cells, objects, writing
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource, Scale
from podvisor.apiserver.server import Server
from podvisor.apiserver.verbs import patch as patching
from podvisor.base.http import Answer
from podvisor.types import field, selectors, status


def _row(item: Json, now: datetime) -> Cells:
    metadata = item["metadata"]
    return (metadata["name"], item["spec"]["replicas"], item["status"]["replicas"], cells.age(metadata, now))


_COLUMNS = (NAME, Column("Desired", "integer"), Column("Available", "integer"), AGE)
SCALE = Resource("autoscaling", "v1", "scales", "Scale", columns=_COLUMNS, row=_row)


async def read(server: Server, call: Call, resource: Resource) -> Answer:
    """The Scale of an object."""
    kv = await server.storage.get(resource, call.target.namespace, call.target.name)
    return answers.item(server, call, SCALE, view(resource, objects.decode(resource, kv)))


async def update(server: Server, call: Call, resource: Resource) -> Answer:
    """Replace the Scale of an object."""
    wanted = bodies.typed(call, SCALE, await bodies.read(call))
    return await _change(server, call, resource, lambda _: wanted)


async def patch(server: Server, call: Call, resource: Resource) -> Answer:
    """Patch the Scale of an object."""
    apply = patching.applier(call, SCALE, await call.request.read())

    def make(old: Json) -> Json:
        return bodies.conform(call, SCALE, patching.changed(apply, old))

    return await _change(server, call, resource, make)


def view(resource: Resource, item: Json) -> Json:
    """The Scale of `item`."""
    metadata, scale = item["metadata"], _paths(resource)
    shown = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    if (replicas := objects.dig(item, *scale.replicas)) is None:
        raise status.InternalError(f'the spec replicas field ".{".".join(scale.replicas)}" does not exist')
    current: Json = {"replicas": objects.dig(item, *scale.status) or 0}
    if scale.selector and (selector := _selector(objects.dig(item, *scale.selector))):
        current["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in shown if key in metadata},
        "spec": {"replicas": replicas},
        "status": current,
    }


async def _change(server: Server, call: Call, resource: Resource, make: writing.Make) -> Answer:
    def make_object(old: Json) -> Json:
        wanted = make(view(resource, old))
        replicas = objects.dig(wanted, "spec", "replicas") or 0
        if replicas < 0:
            error = field.invalid("spec.replicas", replicas, "must be greater than or equal to 0")
            raise status.Invalid(SCALE.as_kind(call.target.name), [error])
        old["metadata"]["resourceVersion"] = wanted["metadata"].get("resourceVersion", "")
        *parents, last = _paths(resource).replicas
        place = old
        for name in parents:
            place = place.setdefault(name, {})
        place[last] = replicas
        return old

    kv = await writing.change(server, call, resource, make_object, "scale")
    return answers.whole(call, view(resource, objects.decode(resource, kv)))


def _paths(resource: Resource) -> Scale:
    assert resource.scale is not None
    return resource.scale


def _selector(given: Any) -> str:
    """A LabelSelector, or the plain map of a ReplicationController, as text. Custom resources have the text itself."""
    if isinstance(given, str):
        return given
    if given and not {"matchLabels", "matchExpressions"} & set(given):
        given = {"matchLabels": given}
    parsed = selectors.from_object(given)
    return selectors.to_text(parsed) if parsed else ""
