"""What every write has in common: admission, validation, and the loop that tries again when somebody was faster."""

from collections.abc import Callable
from dataclasses import dataclass

from podvisor.apiserver import cells, metadata, objects, ownership, storage
from podvisor.apiserver.admission import VALIDATING, chain, quotas
from podvisor.apiserver.admission.chain import Change
from podvisor.apiserver.call import Call
from podvisor.apiserver.ownership import Unconverted
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.store.backend import KeyValue
from podvisor.types import field, rules, status

_ATTEMPTS = 100
"""Tries before a write that names no resourceVersion gives up; each failure means that somebody else succeeded."""


async def admit(server: Server, call: Call, change: Change) -> None:
    """Ask the admission plugins."""
    entries = change.new["metadata"].get("managedFields") if change.new else None
    await chain.admit(server.admission, change, _view(server))
    if change.new and (warning := ownership.restore(change.new, entries)):
        call.warnings.append(warning)


def writer(server: Server, call: Call, resource: Resource) -> ownership.Writer:
    """Who a request counts for."""
    return ownership.writer(call, resource, server.catalogue.now, cells.timestamp(server.clock.now()))


def _view(server: Server) -> chain.View:
    return chain.View(
        server.storage,
        server.catalogue,
        server.settings,
        server.access.authorizer,
        server.issuer is not None,
        server.webhooks,
        server.clock,
    )


async def admit_deletion(server: Server, change: Change) -> None:
    """Ask the admission plugins about a deletion, which has no rules to heed in between."""
    view = _view(server)
    await chain.admit(server.admission, change, view)
    await chain.admit(VALIDATING, change, view)


def _options(call: Call) -> Json:
    given = {name: call.query[name] for name in ("fieldManager", "fieldValidation") if call.query.get(name)}
    return given | ({"dryRun": ["All"]} if call.dry_run else {})


def refuse(resource: Resource, name: str, errors: field.Errors) -> None:
    """Raises Invalid if there are errors."""
    if found := list(errors):
        raise status.Invalid(resource.as_kind(name), found)


async def create(server: Server, call: Call, resource: Resource, item: Json, *, tracked: bool = False) -> KeyValue:
    """Store a new object, or only say what would be stored. It says itself who owns what of it if it is `tracked`."""
    async with server.turn(resource):
        return await _create(server, call, resource, item, tracked=tracked)


async def _create(server: Server, call: Call, resource: Resource, item: Json, *, tracked: bool) -> KeyValue:
    meta = item["metadata"]
    metadata.place(item, resource, call.target.namespace)
    metadata.begin(item, resource, server.clock.now())
    if resource.has_status and not resource.status_on_create:
        item["status"] = {}
    resource.hooks.default(item)
    if not tracked:
        ownership.track(writer(server, call, resource), None, item)
    resource.hooks.create(item)
    namespace, name = meta.get("namespace", ""), meta.get("name", "")
    change = Change(
        "CREATE", resource, namespace, name, "", item, None, call.user, call.dry_run, call.warnings, _options(call)
    )
    await admit(server, call, change)
    refuse(resource, name, [*metadata.validate(item, resource), *resource.errors(item)])
    await chain.admit(VALIDATING, change, _view(server))
    call.warnings += resource.hooks.warnings(item)
    stored = await server.storage.to_storage(resource, item)
    if not call.dry_run:
        return await _shown(server, resource, await _store_new(server, change, stored))
    await quotas.charges(change, _view(server), server.clock.now())
    if await server.storage.find(resource, namespace, name):
        raise status.AlreadyExists(resource.subject(name))
    return await _shown(
        server, resource, KeyValue(objects.key(resource, namespace, name), objects.encode(stored), 0, 0, 1)
    )


async def _shown(server: Server, resource: Resource, kv: KeyValue) -> KeyValue:
    """What has been stored, in the version in which it was sent: a conversion there and back may lose something."""
    return (await server.storage.converted(resource, [kv]))[0]


async def _store_new(server: Server, change: Change, stored: Json) -> KeyValue:
    """Store a new object, and in the same step what the quotas of its namespace say is used."""
    view, now = _view(server), server.clock.now()
    charges = await quotas.charges(change, view, now)
    if not charges and (kv := await server.storage.create(change.resource, stored)):
        return kv
    # Who creates at the same time waits here rather than trying in vain again and again.
    async with server.locks[f"quotas of {change.namespace}"]:
        for _ in range(_ATTEMPTS):
            charges = await quotas.charges(change, view, now)
            if kv := await server.storage.create(change.resource, stored, charges):
                return kv
    raise status.Conflict(change.resource.subject(change.name), "a resource quota is changed by too many at once")


Make = Callable[[Json], Json]
"""From the object as it is to the object as it shall be. Raises ApiError to refuse."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of an object."""

    make: Make
    subresource: str = ""
    tracked: bool = False
    """True if what `make` returns says itself who owns what of it."""


async def change(server: Server, call: Call, resource: Resource, edit: Edit) -> KeyValue:
    """Store what an edit makes of the object that the request names; tries again if it has changed meanwhile."""
    where = call.target
    for _ in range(_ATTEMPTS):
        async with server.turn(resource):
            before = await server.storage.get(resource, where.namespace, where.name)
            if written := await attempt(server, call, resource, before, edit):
                return await _shown(server, resource, written)
    subject = resource.subject(where.name)
    raise status.Conflict(subject, "the object has been modified; please apply your changes to the latest version")


async def attempt(server: Server, call: Call, resource: Resource, before: KeyValue, edit: Edit) -> KeyValue | None:
    """One try; None if the object is no longer as it was `before`."""
    subresource = edit.subresource
    new, old = await _edited(server, call, resource, before, edit)
    where = call.target
    change = Change(
        "UPDATE",
        resource,
        where.namespace,
        where.name,
        subresource,
        new,
        old,
        call.user,
        call.dry_run,
        call.warnings,
        _options(call),
    )
    await admit(server, call, change)
    refuse(resource, where.name, _errors(resource, new, old, subresource))
    await chain.admit(VALIDATING, change, _view(server))
    if objects.content(new) == objects.content(old) and resource.is_current(storage.stored(before)):
        return before
    return await _store(server, call, change, before, new)


async def _edited(server: Server, call: Call, resource: Resource, before: KeyValue, edit: Edit) -> tuple[Json, Json]:
    """The object as the edit leaves it, and as it was. Owners of its fields may need it in versions of a webhook."""
    for _ in range(_ATTEMPTS):
        try:
            return _edit(server, call, resource, before, edit)
        except Unconverted as needed:
            call.conversions[needed.key] = await server.storage.as_version(needed.item, needed.source, needed.version)
    raise status.InternalError(f"{resource.plural} are owned in too many versions")


def _edit(server: Server, call: Call, resource: Resource, before: KeyValue, edit: Edit) -> tuple[Json, Json]:
    subresource, below = edit.subresource, resource.subresource(edit.subresource)
    old = objects.decode(resource, before)
    new = edit.make(objects.decode(resource, before))
    metadata.check_identity(new, old, resource)
    metadata.check_version(new, old, resource)
    metadata.carry(new, old)
    if subresource == "status":
        _reset_for_status(resource, new, old)
    elif below and below.change:
        below.change(new, old)
    resource.hooks.default(new)
    if not edit.tracked:
        ownership.track(writer(server, call, resource), old, new)
    if subresource == "status":
        resource.hooks.status(new, old)
    else:
        _change_object(resource, new, old, whole=not subresource)
    ownership.keep_times(new, old)
    return new, old


def _reset_for_status(resource: Resource, new: Json, old: Json) -> None:
    """Keep all of the old object but its status, labels, annotations and finalizers."""
    if "ownerReferences" in old["metadata"]:
        new["metadata"]["ownerReferences"] = old["metadata"]["ownerReferences"]
    else:
        new["metadata"].pop("ownerReferences", None)
    for key in [key for key in new if key not in ("kind", "apiVersion", "metadata", "status")]:
        del new[key]
    new.update({key: value for key, value in old.items() if key not in ("metadata", "status")})
    for path in resource.status_resets:
        metadata.restore(new, old, path)


def _change_object(resource: Resource, new: Json, old: Json, *, whole: bool) -> None:
    """Keep the old status where that has a path of its own, unless this change comes by a path below the object."""
    if resource.has_status and whole:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    if whole:
        resource.hooks.update(new, old)
    if resource.counts_generations:
        metadata.count_generation(new, old, has_status=resource.has_status)


def _errors(resource: Resource, new: Json, old: Json, subresource: str) -> field.Errors:
    yield from metadata.validate(new, resource)
    yield from metadata.validate_update(new, old)
    below = resource.subresource(subresource)
    if below and below.rules:
        yield from rules.check(below.rules, new, old)
    elif subresource == "status":
        yield from resource.status_errors(new, old)
    elif subresource not in ("binding", "eviction"):
        yield from resource.errors(new, old)


async def _store(server: Server, call: Call, change: Change, before: KeyValue, new: Json) -> KeyValue | None:
    resource = change.resource
    charges = await quotas.charges(change, _view(server), server.clock.now())
    value = objects.encode(await server.storage.to_storage(resource, new))
    if call.dry_run:
        return KeyValue(before.key, value, before.create_revision, before.mod_revision, before.version)
    if ends_with(new):
        revision = await server.storage.remove(before)
        if revision is None:
            return None
        return KeyValue(before.key, value, before.create_revision, revision, before.version)
    return await server.storage.replace(resource, before, value, charges)


def ends_with(item: Json) -> bool:
    """Whether this was the last thing that a deleted object waited for."""
    meta = item["metadata"]
    if "deletionTimestamp" not in meta or meta.get("finalizers"):
        return False
    waits = (item["apiVersion"], item["kind"]) == ("v1", "Namespace") and objects.dig(item, "spec", "finalizers")
    return not waits and not meta.get("deletionGracePeriodSeconds")
