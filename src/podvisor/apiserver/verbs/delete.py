"""delete and deletecollection: at once, after a grace period, or when the finalizers are done.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/ : this server only leaves the marks
(deletionTimestamp, the finalizers `orphan` and `foregroundDeletion`); the garbage collector acts on them.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from podvisor.apiserver import answers, bodies, cells, objects, selection, storage, writing
from podvisor.apiserver.admission.chain import Change
from podvisor.apiserver.call import Call, is_dry_run
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.apiserver.state import State
from podvisor.base.http import Answer
from podvisor.store.backend import KeyValue
from podvisor.types import field, schema, status

_POLICY_FINALIZERS = {"Orphan": "orphan", "Foreground": "foregroundDeletion"}
_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"


@dataclass(frozen=True, slots=True)
class Options:
    """What DeleteOptions and the query say."""

    grace: int | None
    policy: str
    """Orphan, Background, Foreground, or '' for what the finalizers of the object say."""
    uid: str
    version: str
    dry_run: bool


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Delete one object: a Status if it is gone, the object if it goes on for a while."""
    wanted = await options(call)
    return await answer(server, call, resource, wanted)


async def answer(server: Server, call: Call, resource: Resource, wanted: Options) -> Answer:
    """Delete the object that the request names and say what became of it."""
    kv, gone = await delete(server, call, resource, call.target.namespace, call.target.name, wanted)
    if not gone or resource.hooks.grace:
        return answers.one(server, call, resource, kv)
    item = objects.decode(resource, kv)
    return answers.whole(call, answers.success(resource, call.target.name, item["metadata"]["uid"]))


async def handle_collection(server: Server, call: Call, resource: Resource) -> Answer:
    """Delete every selected object, one by one; the answer lists them."""
    wanted = await options(call)
    chosen = selection.of(call, resource)
    found = await server.storage.range(resource, chosen.start, chosen.end)
    deleted: list[Json] = []
    for kv in found.kvs:
        if not chosen.holds(State(resource, kv)):
            continue
        metadata = objects.decode(resource, kv)["metadata"]
        try:
            last, _ = await delete(server, call, resource, metadata.get("namespace", ""), metadata["name"], wanted)
        except status.NotFound:
            continue
        deleted.append(objects.decode(resource, last))
    shown = {"kind": resource.list_kind or f"{resource.kind}List", "apiVersion": resource.api_version}
    return answers.whole(call, shown | {"metadata": {"resourceVersion": str(found.revision)}, "items": deleted})


async def options(call: Call) -> Options:
    """The options in the body, or else in the query. Raises BadRequest or Invalid."""
    given: Json = bodies.options(schema.of_definition(_OPTIONS), await bodies.read(call))
    if not given:
        given = {name: call.query[name] for name in ("propagationPolicy", "dryRun") if name in call.query}
        given["gracePeriodSeconds"] = call.number("gracePeriodSeconds")
        if "orphanDependents" in call.query:
            given["orphanDependents"] = call.flag("orphanDependents")
    preconditions: dict[str, str] = given.get("preconditions", {})
    return Options(
        given.get("gracePeriodSeconds"),
        _policy(given),
        preconditions.get("uid", ""),
        preconditions.get("resourceVersion", ""),
        is_dry_run(given.get("dryRun")),
    )


def _policy(given: dict[str, Any]) -> str:
    policy, orphan = given.get("propagationPolicy", ""), given.get("orphanDependents")
    errors: list[field.Error] = []
    if policy and orphan is not None:
        errors.append(
            field.invalid("propagationPolicy", policy, "orphanDependents and deletionPropagation cannot be both set")
        )
    if policy not in ("", "Foreground", "Background", "Orphan"):
        errors.append(field.unsupported("propagationPolicy", policy, ("Foreground", "Background", "Orphan", "nil")))
    if errors:
        raise status.Invalid(status.Subject("", "DeleteOptions"), errors)
    if orphan is not None:
        return "Orphan" if orphan else "Background"
    return policy


async def delete(
    server: Server, call: Call, resource: Resource, namespace: str, name: str, wanted: Options
) -> tuple[KeyValue, bool]:
    """Delete an object, or begin to; its last state and whether it is gone."""
    await writing.admit_deletion(
        server,
        Change(
            "DELETE",
            resource,
            namespace,
            name,
            "",
            None,
            None,
            call.user,
            wanted.dry_run,
            call.warnings,
            _shown_options(wanted),
        ),
    )
    while True:
        before = await server.storage.get(resource, namespace, name)
        item = objects.decode(resource, before)
        check(resource, item, wanted)
        if _mark(server, resource, item, wanted) or not _is_free(resource, item):
            value = objects.encode(await server.storage.to_storage(resource, item))
            if value == storage.stored(before) or wanted.dry_run:
                return before, False
            if after := await server.storage.replace(resource, before, value):
                return (await server.storage.converted(resource, [after]))[0], False
        elif wanted.dry_run or await server.storage.remove(before):
            return before, True


def _shown_options(wanted: Options) -> Json:
    """The options as a DeleteOptions has them."""
    preconditions = {"uid": wanted.uid, "resourceVersion": wanted.version}
    shown: Json = {
        "gracePeriodSeconds": wanted.grace,
        "propagationPolicy": wanted.policy or None,
        "preconditions": {key: value for key, value in preconditions.items() if value} or None,
        "dryRun": ["All"] if wanted.dry_run else None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def check(resource: Resource, item: Json, wanted: Options) -> None:
    """Raises Conflict where the object is not the one, or not in the state, that the options name."""
    metadata = item["metadata"]
    why = ""
    if wanted.uid and wanted.uid != metadata["uid"]:
        why = f"Precondition failed: UID in precondition: {wanted.uid}, UID in object meta: {metadata['uid']}"
    elif wanted.version and wanted.version != metadata["resourceVersion"]:
        why = (
            f"Precondition failed: ResourceVersion in precondition: {wanted.version}, "
            f"ResourceVersion in object meta: {metadata['resourceVersion']}"
        )
    if why:
        raise status.Conflict(resource.subject(metadata["name"]), why)


def _mark(server: Server, resource: Resource, item: Json, wanted: Options) -> bool:
    """Put the marks of a deletion on `item`; whether it stays for its grace period."""
    metadata = item["metadata"]
    if "deletionTimestamp" not in metadata:
        resource.hooks.delete(item)
    if wanted.policy:
        others = [one for one in metadata.get("finalizers", ()) if one not in _POLICY_FINALIZERS.values()]
        added = _POLICY_FINALIZERS.get(wanted.policy)
        metadata["finalizers"] = [*others, added] if added else others
        if not metadata["finalizers"]:
            del metadata["finalizers"]
    grace = resource.hooks.grace(item, wanted.grace) if resource.hooks.grace else 0
    running = metadata.get("deletionGracePeriodSeconds")
    if "deletionTimestamp" in metadata and running is not None:
        grace = min(grace, running) if wanted.grace is not None else running
        if grace >= running:
            return running > 0
    if grace or not _is_free(resource, item):
        metadata["deletionTimestamp"] = cells.timestamp(server.clock.now() + timedelta(seconds=grace))
        metadata["deletionGracePeriodSeconds"] = grace
        if "generation" in metadata:
            metadata["generation"] += 1
        if _is_namespace(item):
            item.setdefault("status", {})["phase"] = "Terminating"
    return grace > 0


def _is_free(resource: Resource, item: Json) -> bool:
    """Whether nobody has to finish anything before the object may go."""
    if item["metadata"].get("finalizers"):
        return False
    return not (_is_namespace(item) and objects.dig(item, "spec", "finalizers"))


def _is_namespace(item: Json) -> bool:
    return (item["apiVersion"], item["kind"]) == ("v1", "Namespace")
