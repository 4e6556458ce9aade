"""From a definition to the resources that it makes: one for each version that is served."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import orjson

from podvisor.apiserver.extensions import columns, publishing, scaling
from podvisor.apiserver.extensions.compiled import Compiled
from podvisor.apiserver.extensions.definition import Definition, Version, Webhook
from podvisor.apiserver.resource import ALL_VERBS, Hooks, Json, Resource, Scale
from podvisor.types import jsonpath, status, structural
from podvisor.types.field import Error
from podvisor.types.patch import media_types
from podvisor.types.schema import Shape

_ENDING_VERBS = ("delete", "deletecollection", "get", "list", "patch", "update", "watch")
"""What can be done with objects whose definition is being deleted: finish what their finalizers stand for."""


@dataclass(frozen=True, kw_only=True)
class CustomResource(Resource):
    """A kind that a definition has made, in one version."""

    stored_head: bytes
    """How objects begin that are stored as they would be now."""
    is_first: bool
    """True if the definition has never been changed, so that every object has been written under it as it is."""

    compiled: Compiled
    """Its schema."""
    conversion: Webhook | None = None
    """Who converts its objects; None where versions differ in nothing but their name."""

    @cached_property
    def shape(self) -> Shape:
        """What its objects look like."""
        return self.compiled.shape(self.kind)

    def read(self, item: Json) -> tuple[Json, Sequence[str]]:
        """See Resource."""
        return item, [f'unknown field "{path}"' for path in self.compiled.read(item)]

    def errors(self, new: Json, old: Json | None = None) -> Iterator[Error]:
        """See Resource."""
        yield from self.compiled.errors(new, old)
        yield from scaling.errors(self.scale, new)

    def status_errors(self, new: Json, old: Json) -> Iterator[Error]:
        """See Resource."""
        yield from self.compiled.status_errors(new, old)
        yield from scaling.status_errors(self.scale, new)

    def definitions(self) -> Mapping[str, Json]:
        """See Resource."""
        return publishing.definitions(self, orjson.loads(self.compiled.raw))

    def is_sent_as_stored(self, value: bytes) -> bool:
        """See Resource."""
        return self.is_first and value.startswith(self.head)

    def is_current(self, value: bytes) -> bool:
        """See Resource."""
        return value.startswith(self.stored_head)


def resources(definition: Definition) -> Sequence[CustomResource]:
    """What a definition has served: nothing before it is established."""
    if not definition.holds("Established"):
        return []
    return [_resource(definition, version) for version in definition.spec.versions if version.served]


def _resource(definition: Definition, version: Version) -> CustomResource:
    spec, names = definition.spec, definition.status.accepted_names
    shown, row = columns.table(version)
    compiled = Compiled(bytes(version.schema.open_api_v3_schema))
    webhook = spec.conversion.webhook if spec.conversion.strategy != "None" else None
    return CustomResource(
        spec.group,
        version.name,
        names.plural,
        names.kind,
        namespaced=spec.scope == "Namespaced",
        singular=names.singular,
        list_kind=names.list_kind,
        short_names=names.short_names,
        verbs=_ENDING_VERBS if definition.holds("Terminating") else ALL_VERBS,
        categories=names.categories,
        columns=shown,
        row=row,
        hooks=_hooks(definition, version, compiled),
        fields=_fields(version),
        definition=".".join([*reversed(spec.group.split(".")), version.name, names.kind]),
        has_status=version.subresources.status is not None,
        scale=_scale(version),
        counts_generations=True,
        unconditional_update=False,
        free_finalizers=True,
        deprecation=_deprecation(definition, version),
        patch_types=tuple(kind for kind in media_types.ACCEPTED if kind != media_types.STRATEGIC),
        stored_head=_head(definition),
        is_first=definition.metadata.generation == 1,
        compiled=compiled,
        conversion=webhook,
        stored_as=f"{spec.group}/{definition.stored.name}" if webhook else "",
        etag=f"{definition.metadata.uid}.{definition.metadata.generation}",
    )


def _hooks(definition: Definition, version: Version, compiled: Compiled) -> Hooks:
    here, stored = (f"{definition.spec.group}/{one.name}" for one in (version, definition.stored))
    is_first = definition.metadata.generation == 1

    converts = definition.spec.conversion.strategy != "None"

    def check(version_of_item: str, wanted: str) -> None:
        # Whoever reads and writes objects has them converted by the storage; nobody may come here past it.
        if converts and version_of_item != wanted:
            raise status.InternalError(f"{version_of_item} has not been converted to {wanted}")

    def create(item: Json) -> None:
        if version.subresources.status is not None:
            item.pop("status", None)

    def to_storage(item: Json) -> Json:
        check(item["apiVersion"], stored)
        return structural.write_whole_numbers(item) | {"apiVersion": stored}

    def from_storage(item: Json) -> Json:
        """What was stored in another version or under another schema is made to fit."""
        check(item["apiVersion"], here)
        if not is_first or item["apiVersion"] != here:
            item["apiVersion"] = here
            compiled.read(item)
        return item

    return Hooks(
        warnings=_of_finalizers, create=create, status=_only_status, to_storage=to_storage, from_storage=from_storage
    )


def _of_finalizers(item: Json) -> Iterator[str]:
    """Warnings of finalizers that anybody else might choose as well."""
    for name in item["metadata"].get("finalizers", ()):
        if "/" in name or name in ("orphan", "foregroundDeletion", "kubernetes"):
            continue
        path = " including a path (/)" if "." in name else ""
        avoid = "to avoid accidental conflicts with other finalizer writers"
        yield f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name{path} {avoid}'


def _only_status(new: Json, old: Json) -> None:
    """A change through `/status` leaves labels and annotations as they are."""
    kept = {name: value for name, value in new["metadata"].items() if name == "managedFields"}
    new["metadata"] = old["metadata"] | kept


def _head(definition: Definition) -> bytes:
    spec = definition.spec
    names = definition.status.accepted_names
    return f'{{"kind":"{names.kind}","apiVersion":"{spec.group}/{definition.stored.name}","metadata":{{'.encode()


def _deprecation(definition: Definition, version: Version) -> str:
    if not version.deprecated:
        return ""
    spec = definition.spec
    return version.deprecation_warning or f"{spec.group}/{version.name} {spec.names.kind} is deprecated"


def _scale(version: Version) -> Scale | None:
    if (found := version.subresources.scale) is None:
        return None
    paths = (found.spec_replicas_path, found.status_replicas_path, found.label_selector_path)
    return Scale(*(tuple(path.removeprefix(".").split(".")) if path else () for path in paths))


def _fields(version: Version) -> Mapping[str, Callable[[Json], str]]:
    return {one.json_path.removeprefix("."): _reader(one.json_path) for one in version.selectable_fields}


def _reader(path: str) -> Callable[[Json], str]:
    steps = jsonpath.parse(path)

    def read(item: Json) -> str:
        found = jsonpath.find(steps, item)
        return jsonpath.text(found[0]) if found and found[0] is not None else ""

    return read


def of_storage(definition: Definition) -> Resource:
    """What is needed to find the objects of a definition in the store."""
    spec = definition.spec
    return Resource(spec.group, definition.stored.name, spec.names.plural, spec.names.kind)
