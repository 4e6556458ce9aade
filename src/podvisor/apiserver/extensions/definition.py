"""A CustomResourceDefinition as this room reads it (`apiextensions.k8s.io/v1`).

Schemas stay the bytes that they are until somebody asks for an object: most of what a definition weighs is its schema.
"""

from typing import Any

import msgspec


class _View(msgspec.Struct, rename="camel", gc=False):
    """A part of a definition; what is not needed here is passed over. Nobody changes one."""


class Names(_View, omit_defaults=True):
    """What a kind is called."""

    plural: str = ""
    singular: str = ""
    short_names: tuple[str, ...] = ()
    kind: str = ""
    list_kind: str = ""
    categories: tuple[str, ...] = ()


class Condition(_View, omit_defaults=True):
    """One of a definition's conditions."""

    type: str
    status: str
    last_transition_time: str = ""
    reason: str = ""
    message: str = ""


class Column(_View):
    """An additional column of `kubectl get`."""

    name: str
    type: str
    json_path: str
    format: str = ""
    description: str = ""
    priority: int = 0


class SelectableField(_View):
    """A field by which objects can be selected."""

    json_path: str


class Scale(_View):
    """Where the numbers of the `scale` subresource live, as simple JSON paths."""

    spec_replicas_path: str
    status_replicas_path: str
    label_selector_path: str = ""


class Subresources(_View):
    """The further paths below an object."""

    status: dict[str, Any] | None = None
    scale: Scale | None = None


class Validation(_View):
    """The schema, not read yet."""

    open_api_v3_schema: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"{}"), name="openAPIV3Schema")


class Version(_View):
    """A version of the kind."""

    name: str
    served: bool = False
    storage: bool = False
    deprecated: bool = False
    deprecation_warning: str = ""
    schema: Validation = msgspec.field(default_factory=Validation)
    subresources: Subresources = msgspec.field(default_factory=Subresources)
    additional_printer_columns: tuple[Column, ...] = ()
    selectable_fields: tuple[SelectableField, ...] = ()


class Webhook(_View):
    """Who converts objects."""

    client_config: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
    conversion_review_versions: tuple[str, ...] = ()


class Conversion(_View):
    """How an object of one version becomes one of another."""

    strategy: str = "None"
    webhook: Webhook | None = None


class Spec(_View):
    """What is wanted."""

    group: str
    names: Names
    scope: str
    versions: tuple[Version, ...]
    conversion: Conversion = msgspec.field(default_factory=Conversion)
    preserve_unknown_fields: bool = False


class Status(_View):
    """What has become of it."""

    conditions: tuple[Condition, ...] = ()
    accepted_names: Names = msgspec.field(default_factory=Names)


class Metadata(_View):
    """The metadata that matters here."""

    name: str
    uid: str = ""
    generation: int = 1
    deletion_timestamp: str = ""
    finalizers: tuple[str, ...] = ()


class Definition(_View):
    """A CustomResourceDefinition."""

    metadata: Metadata
    spec: Spec
    status: Status = msgspec.field(default_factory=Status)

    @property
    def name(self) -> str:
        """`<plural>.<group>`."""
        return self.metadata.name

    @property
    def deleting(self) -> bool:
        """True if it has been marked for deletion."""
        return bool(self.metadata.deletion_timestamp)

    def condition(self, type: str) -> Condition | None:
        """Its condition of a type."""
        return next((one for one in self.status.conditions if one.type == type), None)

    def holds(self, type: str) -> bool:
        """True if it has a condition of this type whose status is True."""
        found = self.condition(type)
        return found is not None and found.status == "True"

    @property
    def stored(self) -> Version:
        """The version in which objects are stored."""
        return next(one for one in self.spec.versions if one.storage)


_decoder = msgspec.json.Decoder(Definition)


def read(value: bytes) -> Definition:
    """A definition from what is stored. Raises msgspec.DecodeError."""
    return _decoder.decode(value)
