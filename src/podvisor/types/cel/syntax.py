"""The parts of a parsed expression. Nodes are compared by identity: what is known of each is kept beside the tree."""

from dataclasses import dataclass
from typing import Any, TypeAlias
from typing import Literal as OneOf


@dataclass(frozen=True, slots=True, eq=False)
class Literal:
    """A value that is written out."""

    position: int
    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A variable, or a type."""

    position: int
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Select:
    """`operand.field`; with `optional` `operand.?field`; with `test` `has(operand.field)`."""

    position: int
    operand: "Node"
    field: str
    optional: bool = False
    test: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A function, a method (`target` is given) or an operator under its name in the specification, `_+_`."""

    position: int
    function: str
    target: "Node | None"
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True, eq=False)
class ListLiteral:
    """`[a, ?b]`: an optional item is left out if it holds nothing."""

    position: int
    items: tuple["Node", ...]
    optional: tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MapLiteral:
    """`{a: b, ?c: d}`."""

    position: int
    keys: tuple["Node", ...]
    values: tuple["Node", ...]
    optional: tuple[bool, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Struct:
    """`Object.spec{replicas: 3}`."""

    position: int
    name: str
    fields: tuple[str, ...]
    values: tuple["Node", ...]
    optional: tuple[bool, ...]
    positions: tuple[int, ...]


FoldKind: TypeAlias = OneOf[
    "all", "exists", "exists_one", "map", "filter", "transformList", "transformMap", "transformMapEntry"
]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """A macro that goes through a list or a map, one or two variables at a time."""

    position: int
    kind: FoldKind
    source: "Node"
    variables: tuple[str, ...]
    condition: "Node | None"
    """Which entries count; of `filter` the only argument."""
    body: "Node"


@dataclass(frozen=True, slots=True, eq=False)
class OptionalMap:
    """`target.optMap(variable, body)`; with `flat` the body is an optional itself."""

    position: int
    target: "Node"
    variable: str
    body: "Node"
    flat: bool


Node: TypeAlias = Literal | Name | Select | Call | ListLiteral | MapLiteral | Struct | Fold | OptionalMap


def qualified(node: Node) -> str | None:
    """`a.b.c` as one name, None for anything else."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Select) and not (node.optional or node.test):
        prefix = qualified(node.operand)
        return None if prefix is None else f"{prefix}.{node.field}"
    return None
