"""The engine: how a table of rules is read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, TypeAlias, runtime_checkable

from podvisor.types.field import Error
from podvisor.types.rules.place import At

Function: TypeAlias = Callable[[At], Iterable[Error]]
Condition: TypeAlias = Callable[[At], bool]


@runtime_checkable
class Node(Protocol):
    """A rule, or several in some order."""

    @property
    def inner(self) -> Sequence["Node"]:
        """The rules that it consists of."""
        ...

    def check(self, at: At) -> Iterator[Error]:
        """Objections to what stands at a place."""
        ...


Rule: TypeAlias = Node | Function


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One rule: what can be objected to."""

    name: str
    function: Function
    asks_nothing: bool = False
    """True if it also asks about what is not there."""
    inner: Sequence[Node] = ()

    def check(self, at: At) -> Iterator[Error]:
        """Objections to what stands at a place."""
        if at.value is not None or self.asks_nothing:
            yield from self.function(at)

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    name: str
    inner: Sequence[Node]
    otherwise: Any = None
    shown: str | None = None

    def check(self, at: At) -> Iterator[Error]:
        place = at.child(self.name, self.shown)
        if place.value is None:
            place.value = self.otherwise
        for rule in self.inner:
            yield from rule.check(place)


@dataclass(frozen=True, slots=True, eq=False)
class _When:
    condition: Condition
    inner: Sequence[Node]

    def check(self, at: At) -> Iterator[Error]:
        if self.condition(at):
            for rule in self.inner:
                yield from rule.check(at)


@dataclass(frozen=True, slots=True, eq=False)
class _First:
    inner: Sequence[Node]

    def check(self, at: At) -> Iterator[Error]:
        for rule in self.inner:
            if found := list(rule.check(at)):
                yield from found
                return


@dataclass(frozen=True, slots=True, eq=False)
class _Scope:
    name: str
    inner: Sequence[Node]

    def check(self, at: At) -> Iterator[Error]:
        at.scope = self.name
        for rule in self.inner:
            yield from rule.check(at)


def nodes(rules: Iterable[Rule]) -> Sequence[Node]:
    """The rules with free functions made checks."""
    return tuple(_node(rule) for rule in rules)


def _node(rule: Rule) -> Node:
    return rule if isinstance(rule, Node) else _check_of(rule)


@cache
def _check_of(function: Function) -> Check:
    """The same function is the same rule, wherever it stands."""
    return Check(function.__name__, function)


def asks_nothing(function: Function) -> Check:
    """A rule that is also asked about what is not there."""
    return Check(function.__name__, function, asks_nothing=True)


def field(name: str, *rules: Rule, otherwise: Any = None, shown: str | None = None) -> Node:
    """Rules for a field of this object.

    `otherwise` is what its absence means: Go's zero value where rules see that. `shown` is its name in paths, where
    Kubernetes' errors have another, or none.
    """
    return _Field(name, nodes(rules), otherwise, shown)


def optional(name: str, *rules: Rule, shown: str | None = None) -> Node:
    """Rules for a field that hold only where it is there: what in Go is a pointer to a struct."""
    return _Field(name, (_When(_is_there, nodes(rules)),), None, shown)


def _is_there(at: At) -> bool:
    return at.value is not None


def when(condition: Condition, *rules: Rule) -> Node:
    """Rules that hold only where a condition does."""
    return _When(condition, nodes(rules))


def first(*rules: Rule) -> Node:
    """Rules of which only the first that objects is heard."""
    return _First(nodes(rules))


def scope(name: str, *rules: Rule) -> Node:
    """Rules that find this place again by `At.inside`."""
    return _Scope(name, nodes(rules))


def check(rules: Iterable[Rule], new: Any, old: Any = None) -> Iterator[Error]:
    """Objections to a new object, or to a change if there is an old one."""
    at = At(new, old=old, updating=old is not None)
    for rule in nodes(rules):
        yield from rule.check(at)


def leaves(rules: Iterable[Rule], path: str = "") -> Iterator[tuple[str, Check]]:
    """Every rule of a table that can object, with the fields that lead to it: `spec.containers.name`."""
    for rule in nodes(rules):
        if isinstance(rule, Check):
            yield path, rule
        here = ".".join(part for part in (path, rule.name) if part) if isinstance(rule, _Field) else path
        yield from leaves(rule.inner, here)
