"""scale: how many replicas are wanted and how many there are, the same way for every kind that has them.

https://kubernetes.io/docs/reference/kubernetes-api/autoscaling-resources/scale-v1/
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from podvisor.apiserver import answers, bodies, cells, objects, ownership, writing
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Json, Resource, Scale
from podvisor.apiserver.server import Server
from podvisor.apiserver.verbs import apply as applying
from podvisor.apiserver.verbs import patch as patching
from podvisor.base.http import Answer
from podvisor.types import field, selectors, status
from podvisor.types.managed import managers, scaling, updates
from podvisor.types.managed.managers import Managed


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
    ownership.check_name(call, "UpdateOptions")
    wanted = bodies.typed(call, SCALE, await bodies.read(call))
    return await _change(server, call, resource, _tracked(server, call, lambda _: wanted))


async def patch(server: Server, call: Call, resource: Resource) -> Answer:
    """Patch the Scale of an object."""
    patching.check_options(call)
    if patching.is_apply(call):
        return await _apply(server, call, resource)
    apply = patching.applier(call, SCALE, await call.request.read())

    def make(old: Json) -> Json:
        return bodies.conform(call, SCALE, patching.changed(apply, old))

    return await _change(server, call, resource, _tracked(server, call, make))


async def _apply(server: Server, call: Call, resource: Resource) -> Answer:
    config = await applying.configuration(call, SCALE, writing.writer(server, call, SCALE).scope)

    def make(old: Json, managed: Managed) -> tuple[Json, Managed]:
        return applying.applied(writing.writer(server, call, SCALE), SCALE, old, managed, config)

    return await _change(server, call, resource, make)


Make = Callable[[Json, Managed], tuple[Json, Managed]]
"""From the Scale as it is, and who owns what of it, to what they shall be."""


def _tracked(server: Server, call: Call, make: writing.Make) -> Make:
    def make_both(old: Json, managed: Managed) -> tuple[Json, Managed]:
        new = make(old)
        who = writing.writer(server, call, SCALE)
        # Where nobody owns the number, changes of it are not followed, as in the real server.
        return new, updates.update(who.scope, (old, new), managed, who.name, who.now) if managed else managed

    return make_both


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


async def _change(server: Server, call: Call, resource: Resource, make: Make) -> Answer:
    paths = _number_paths(server, resource)

    def make_object(old: Json) -> Json:
        managed = managers.stored(old["metadata"].get("managedFields"))
        wanted, owners = make(view(resource, old), scaling.of_scale(managed, paths))
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
        if managed:
            left = scaling.of_object(managed, owners, paths, resource.api_version)
            old["metadata"]["managedFields"] = managers.encode(left)
        return old

    kv = await writing.change(server, call, resource, writing.Edit(make_object, "scale", tracked=True))
    return answers.whole(call, view(resource, objects.decode(resource, kv)))


def _number_paths(server: Server, resource: Resource) -> scaling.Paths:
    """Where the number of replicas is in each version of a kind."""
    every = [one for one in server.catalogue.now.resources if one.key == resource.key and one.scale is not None]
    return {one.api_version: tuple(f"f:{name}" for name in _paths(one).replicas) for one in every}


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
