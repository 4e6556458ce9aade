"""apply: a patch that says what its sender wants of an object, and makes the object if there is none.

https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from collections.abc import Callable, Sequence
from typing import cast

from podvisor.apiserver import answers, bodies, ownership, writing, yaml_bodies
from podvisor.apiserver.access import Attributes
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer
from podvisor.store.backend import KeyValue
from podvisor.types import decode, field, status
from podvisor.types.managed import last_applied, managers, merge, typed, validation
from podvisor.types.managed.applying import Configuration
from podvisor.types.managed.conflicts import Conflicts
from podvisor.types.managed.managers import Managed
from podvisor.types.managed.scope import Scope

_ATTEMPTS = 100


async def handle(server: Server, call: Call, resource: Resource) -> Answer:
    """Apply the configuration in the body: 201 if that makes the object. Raises Conflict where others own fields."""
    config = await configuration(call, resource, writing.writer(server, call, resource).scope)

    def make(old: Json) -> Json:
        metadata: Json = old.get("metadata", {})
        managed = managers.stored(metadata.get("managedFields"))
        bare = {name: value for name, value in metadata.items() if name != "managedFields"}
        live = old | {"metadata": bare} if old else old
        new, managed = applied(writing.writer(server, call, resource), resource, live, managed, config)
        if managed:
            new["metadata"] = new["metadata"] | {"managedFields": managers.encode(managed)}
        return new

    edit = writing.Edit(make, call.target.subresource, tracked=True)
    for _ in range(_ATTEMPTS):
        try:
            return answers.one(server, call, resource, await writing.change(server, call, resource, edit))
        except status.NotFound:
            if call.target.subresource:
                raise
        try:
            return answers.one(server, call, resource, await _create(server, call, resource, make), 201)
        except status.AlreadyExists:
            pass  # Somebody was faster: there is an object to apply to now.
    raise status.Conflict(resource.subject(call.target.name), "the object is created and deleted by too many at once")


async def _create(server: Server, call: Call, resource: Resource, make: Callable[[Json], Json]) -> KeyValue:
    where = call.target
    wanted = Attributes("create", where.group, where.version, where.plural, "", where.namespace, where.name)
    await server.access.check(call.user, wanted)
    item = make({})
    meta = item["metadata"]
    if uid := meta.get("uid"):
        why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise status.Conflict(resource.subject(where.name), why)
    if meta.get("name") != where.name:
        raise status.BadRequest(
            f"the name of the object ({meta.get('name', '')}) does not match the name on the URL ({where.name})"
        )
    meta.pop("resourceVersion", None)
    return await writing.create(server, call, resource, item, tracked=True)


async def configuration(call: Call, resource: Resource, scope: Scope) -> Configuration:
    """What is applied, by whom, and whether by force. Raises Invalid or BadRequest."""
    who = call.query.get("fieldManager", "")
    if not who:
        error = field.required("fieldManager", "is required for apply patch")
        raise status.Invalid(status.Subject("meta.k8s.io", "PatchOptions"), [error])
    content, repeated = await _read(call)
    version, kind = content.get("apiVersion") or "", content.get("kind") or ""
    if (version, kind) != (resource.api_version, resource.kind):
        group = version if "/" in version else f"/{version}"
        raise status.BadRequest(f"invalid object type: {group}, Kind={kind}")
    bodies.heed(call, repeated, "error strict decoding YAML")
    metadata = content.get("metadata")
    if isinstance(metadata, dict) and cast("Json", metadata).get("managedFields") is not None:
        raise status.BadRequest("metadata.managedFields must be nil")
    try:
        validation.check(scope.type, content)
    except validation.Invalid as error:
        raise status.Failed(f"failed to create typed patch object ({_named(call, resource)}): {error}") from None
    return Configuration(content, who, call.flag("force"))


async def _read(call: Call) -> tuple[Json, Sequence[str]]:
    """The body, which is YAML and nearly always JSON, and the fields that it names twice. Raises BadRequest."""
    body = await call.request.read()
    try:
        content = decode.parse(body)
    except decode.WrongType:
        body = await yaml_bodies.to_json(body)
        content = decode.parse(body)
    if not isinstance(content, dict):
        why = f"json: cannot unmarshal {decode.json_type(content)} into Go value of type map[string]interface {{}}"
        raise status.BadRequest(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {why}")
    return cast("Json", content), decode.duplicates(body)


def applied(
    who: ownership.Writer, resource: Resource, live: Json, managed: Managed, config: Configuration
) -> tuple[Json, Managed]:
    """`live` with the configuration applied, and who owns what of it.

    Raises ApplyConflict, or Failed for what cannot be merged.
    """
    try:
        new, managed = last_applied.apply(who.scope, live, config, managed, who.now)
    except Conflicts as error:
        raise _conflict(error) from None
    except (typed.Unkeyed, merge.Duplicate) as error:
        raise status.Failed(f"failed to merge config: {error}") from None
    try:
        new, _ = resource.read(new)
    except decode.WrongType as error:
        raise status.Failed(
            f"failed to convert new object to proper version ({resource.api_version}): {error}"
        ) from None
    return new, managed


def _conflict(error: Conflicts) -> status.ApplyConflict:
    causes = [status.Cause("FieldManagerConflict", one.why, one.field) for one in error.found]
    return status.ApplyConflict(str(error), causes=causes)


def _named(call: Call, resource: Resource) -> str:
    kind = f"{resource.group}/{resource.version}, Kind={resource.kind}"
    return f"{call.target.namespace}/{call.target.name}; {kind}"
