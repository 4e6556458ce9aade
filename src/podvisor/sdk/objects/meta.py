"""Metadata: the part that objects of every kind share (apimachinery `meta/v1`)."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping


class View(msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True):
    """Base of every record below: camelCase on the wire, fields by keyword, unknown fields dropped.

    Every field has a default, as in Go: what a server has taken must not stop a client that looks at everything.
    """


class OwnerReference(View):
    """The object that this one lives and dies with."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False
    block_owner_deletion: bool = False


class ObjectMeta(View):
    """Name, place, version and bookkeeping of one object."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    annotations: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    finalizers: list[str] = msgspec.field(default_factory=list[str])
    owner_references: list[OwnerReference] = msgspec.field(default_factory=list[OwnerReference])

    @property
    def deleting(self) -> bool:
        """Whether somebody asked for its deletion, and a finalizer or a grace period still holds it."""
        return self.deletion_timestamp is not None


class Object(View):
    """Any object, reduced to what all have in common; the views of single kinds extend it.

    Items of a list carry neither apiVersion nor kind, as the real API server sends them: ask the `Resource`.
    """

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = msgspec.field(default_factory=ObjectMeta)


class Requirement(View):
    """One expression of a label selector: `In`, `NotIn`, `Exists` or `DoesNotExist` (nodes also `Gt`, `Lt`)."""

    key: str = ""
    operator: str = ""
    values: list[str] = msgspec.field(default_factory=list[str])


class LabelSelector(View):
    """All of its labels and all of its expressions must hold; an empty selector matches every object."""

    match_labels: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    match_expressions: list[Requirement] = msgspec.field(default_factory=list[Requirement])


class Condition(View):
    """One line of `status.conditions`, of any kind."""

    type: str = ""
    status: str = "Unknown"
    reason: str = ""
    message: str = ""
    observed_generation: int = 0
    last_transition_time: datetime | None = None
    last_update_time: datetime | None = None
    last_heartbeat_time: datetime | None = None
    last_probe_time: datetime | None = None


def metadata_of(thing: object) -> ObjectMeta:
    """The metadata of a view, or of an object held as a plain mapping."""
    if isinstance(thing, Object):
        return thing.metadata
    raw = cast("dict[str, Any]", cast("Mapping[str, Any]", thing).get("metadata") or {})
    return msgspec.convert({key: value for key, value in raw.items() if value is not None}, ObjectMeta)


def controller_of(thing: object) -> OwnerReference | None:
    """The one owner that manages the object, if it has one (`metav1.GetControllerOf`)."""
    return next((owner for owner in metadata_of(thing).owner_references if owner.controller), None)


def seconds(moment: datetime) -> str:
    """A `metav1.Time` as it travels: RFC 3339, UTC, whole seconds."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def micros(moment: datetime) -> str:
    """A `metav1.MicroTime` as it travels: always six digits, which Go insists on."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
