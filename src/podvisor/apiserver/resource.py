"""What the server knows about a resource: a record of data, with small hooks where a kind has a mind of its own.

Everything else - storage, verbs, discovery, OpenAPI, tables, selectors - is derived from the record. A further kind
is one more record in `kinds/`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeAlias

from podvisor.apiserver import cells
from podvisor.types import decode, names
from podvisor.types import schema as schemas
from podvisor.types.field import Error
from podvisor.types.patch import media_types
from podvisor.types.rules import Rule, check
from podvisor.types.schema import Shape
from podvisor.types.status import Subject

Json: TypeAlias = dict[str, Any]
Cell: TypeAlias = str | int | float | bool | None
Cells: TypeAlias = Sequence[Cell]

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
UNCHANGED_STATUS = ("get", "patch", "update")


def nothing(_: Json) -> None:
    """The hook of a kind that needs none."""


def no_update(_: Json, __: Json) -> None:
    """The update hook of a kind that needs none."""


def no_warnings(_: Json) -> Iterable[str]:
    """For a kind that warns of nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`."""

    name: str
    type: str = "string"
    """string, integer, number, boolean or date."""
    wide: bool = False
    """Shown only with `-o wide`."""
    description: str = ""
    format: str = ""
    priority: int = 0
    """More than 0 is as wide; custom resources choose the number."""


NAME = Column("Name", description="Name must be unique within a namespace.")
AGE = Column("Age", description="How long ago the object was created.")


def name_and_age(item: Json, now: datetime) -> Cells:
    """The row of a kind without columns of its own."""
    return (item["metadata"]["name"], cells.age(item["metadata"], now))


@dataclass(frozen=True, slots=True)
class Hooks:
    """Where a kind differs. Hooks change the object that they are given; all run without I/O."""

    default: Callable[[Json], None] = nothing
    """Fill in what the client left out. Also runs on what a patch makes."""
    create: Callable[[Json], None] = nothing
    """Before validation of a new object: drop what clients may not set."""
    update: Callable[[Json, Json], None] = no_update
    """(new, old), before validation of a change to the object itself."""
    status: Callable[[Json, Json], None] = no_update
    """(new, old), before validation of a change through `/status`; everything but the status is already the old."""
    to_storage: Callable[[Json], Json] | None = None
    """For a second version of a stored kind: to the version that is stored."""
    from_storage: Callable[[Json], Json] | None = None
    grace: Callable[[Json, int | None], int] | None = None
    """For kinds that end gracefully: the seconds, given what was asked for; 0 means now."""
    warnings: Callable[[Json], Iterable[str]] = no_warnings
    """What to warn the client about."""
    delete: Callable[[Json], None] = nothing
    """When a deletion begins: leave what has to be done before it is over, as finalizers."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the numbers of the `scale` subresource live."""

    replicas: tuple[str, ...] = ("spec", "replicas")
    status: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ("spec", "selector")


@dataclass(frozen=True, slots=True)
class Subresource:
    """A further path below an object, for discovery and authorization."""

    name: str
    verbs: Sequence[str]
    kind: str = ""
    """Its kind, where it is not the parent's."""
    group: str = ""
    version: str = ""
    change: Callable[[Json, Json], None] | None = None
    """(new, old), where a change by this path is one of the object: keep of the old what it may not touch."""
    rules: Sequence[Rule] = ()
    """What such a change must heed, in place of the resource's own rules."""


@dataclass(frozen=True)
class Resource:
    """A kind in one version, and how it is served."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    singular: str = ""
    list_kind: str = ""
    """The kind of its lists, if not its own with `List` behind it."""
    short_names: Sequence[str] = ()
    categories: Sequence[str] = ()
    verbs: Sequence[str] = ALL_VERBS
    columns: Sequence[Column] = (NAME, AGE)
    row: Callable[[Json, datetime], Cells] = name_and_age
    hooks: Hooks = Hooks()
    fields: Mapping[str, Callable[[Json], str]] = field(default_factory=dict[str, Callable[[Json], str]])
    """Selectable fields beside metadata.name and metadata.namespace."""
    rules: Sequence[Rule] = ()
    """What its objects must be, and what a change of one may do."""
    status_rules: Sequence[Rule] = ()
    """What a change through `/status` must heed; `rules` are not asked then."""
    has_status: bool = False
    status_on_create: bool = False
    """Whether a new object may bring its status along, as a Node does."""
    status_resets: Sequence[tuple[str, ...]] = ()
    """What a change through `/status` leaves as it is beside the spec."""
    scale: Scale | None = None
    subresources: Sequence[Subresource] = ()
    """Others than status and scale."""
    name_rule: Callable[[str], Iterator[str]] = names.dns_subdomain
    counts_generations: bool = False
    """Whether metadata.generation grows when the spec changes."""
    unconditional_update: bool = True
    """Whether a PUT may leave out the resourceVersion."""
    lifetime: int = 0
    """Seconds after its last change at which an object ends by itself, up to a minute later; 0 is never."""
    shares_pool: bool = False
    """Whether its objects draw on something that there is only so much of, and so are written one at a time."""
    free_finalizers: bool = False
    """True if a finalizer may be any qualified name; otherwise one without a domain must be Kubernetes' own."""
    deprecation: str = ""
    """What every client of this version is warned of; empty for a version that is not deprecated."""
    patch_types: Sequence[str] = media_types.ACCEPTED
    """The media types of the patches that it takes."""
    is_question: bool = False
    """Whether a create is answered and forgotten, as the reviews of access are."""
    is_measured: bool = False
    """Whether its objects are made by asking nodes, and stored nowhere."""
    prefix: str = ""
    """Where it is stored, if not under its own name."""
    etag: str = ""
    """Another whenever OpenAPI says something else of it; empty for what is built in."""
    stored_as: str = ""
    """The apiVersion of what is stored, where a webhook makes the other versions; empty where none is asked."""
    definition: str = ""
    """The full name of its schema, if the group, version and kind do not find it."""

    @cached_property
    def api_version(self) -> str:
        """`v1` or `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @cached_property
    def shape(self) -> Shape:
        """What its objects look like."""
        if self.definition:
            return schemas.of_definition(self.definition)
        return schemas.of_kind(self.group, self.version, self.kind)

    @cached_property
    def key(self) -> bytes:
        """The prefix of its keys in the store, with the last slash."""
        name = self.prefix or (f"{self.group}/{self.plural}" if self.group else self.plural)
        return f"/registry/{name}/".encode()

    @cached_property
    def head(self) -> bytes:
        """How the JSON of each of its objects begins, up to where the resourceVersion goes in."""
        return f'{{"kind":"{self.kind}","apiVersion":"{self.api_version}","metadata":{{'.encode()

    def read(self, item: Json) -> tuple[Json, Sequence[str]]:
        """What a client sent, as an object of this kind, and the objections of strict field validation.

        Raises decode.WrongType.
        """
        return decode.conform(self.shape, item)

    def is_sent_as_stored(self, value: bytes) -> bool:
        """True if what the store holds is what clients get, but for the resourceVersion."""
        return self.hooks.from_storage is None

    def is_current(self, value: bytes) -> bool:
        """True if what the store holds is in the form in which it would be stored now."""
        return True

    def subject(self, name: str = "") -> Subject:
        """For errors about one of its objects."""
        return Subject(self.group, self.plural, name)

    def as_kind(self, name: str = "") -> Subject:
        """For errors about the content of one of its objects."""
        return Subject(self.group, self.kind, name)

    def errors(self, new: Json, old: Json | None = None) -> Iterator[Error]:
        """Objections to a new object, or to what shall replace the old one."""
        return check(self.rules, new, old)

    def status_errors(self, new: Json, old: Json) -> Iterator[Error]:
        """Objections to what a change through `/status` makes."""
        return check(self.status_rules, new, old)

    def definitions(self) -> Mapping[str, Json]:
        """The schemas of its kind and its list in OpenAPI v3, by name, if they are not the generated ones."""
        return {}

    def all_subresources(self) -> Sequence[Subresource]:
        """Every path below its objects."""
        found = list(self.subresources)
        if self.has_status:
            found.append(Subresource("status", UNCHANGED_STATUS))
        if self.scale:
            found.append(Subresource("scale", UNCHANGED_STATUS, "Scale", "autoscaling", "v1"))
        return sorted(found, key=lambda subresource: subresource.name)

    def subresource(self, name: str) -> Subresource | None:
        """The path below its objects that has this name, others than status and scale."""
        return next((one for one in self.subresources if one.name == name), None) if name else None

    def with_hooks(self, **hooks: Any) -> "Resource":
        """The same resource with other hooks."""
        return replace(self, hooks=replace(self.hooks, **hooks))
