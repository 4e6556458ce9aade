"""Which type each part of an expression has, and which functions its calls can mean (CEL, "Gradual Type Checking").

Everything wrong is collected, in upstream's words (cel-go `checker/errors.go`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from podvisor.types.cel import kinds, syntax, unification
from podvisor.types.cel.declarations import Overload
from podvisor.types.cel.errors import Issue
from podvisor.types.cel.kinds import BOOL, DYN, ERROR, INT, Type, unwrapped
from podvisor.types.cel.unification import Bindings
from podvisor.types.cel.values import TypeValue, type_name

_LITERALS = {
    "null_type": kinds.NULL,
    "bool": BOOL,
    "int": INT,
    "uint": kinds.UINT,
    "double": kinds.DOUBLE,
    "string": kinds.STRING,
    "bytes": kinds.BYTES,
}


@dataclass(frozen=True, slots=True)
class Environment:
    """What an expression may speak of."""

    variables: Mapping[str, Type]
    functions: Mapping[str, Sequence[Overload]]
    type_names: Mapping[str, Type]
    """Types that can be named: `int`, `net.IP`."""


@dataclass(slots=True)
class Checked:
    """An expression of which everything is known."""

    root: syntax.Node
    types: dict[syntax.Node, Type] = field(default_factory=dict[syntax.Node, Type])
    overloads: dict[syntax.Node, tuple[Overload, ...]] = field(default_factory=dict[syntax.Node, tuple[Overload, ...]])
    """Which functions a call can mean: several where only the values will show."""
    references: dict[syntax.Node, "str | TypeValue"] = field(default_factory=dict[syntax.Node, "str | TypeValue"])
    """Names and selections that are a variable, or a type."""
    issues: list[Issue] = field(default_factory=list[Issue])

    @property
    def result(self) -> Type:
        """The type of what it comes to."""
        return self.types[self.root]


def check(root: syntax.Node, environment: Environment) -> Checked:
    """Everything about the expression; `issues` says what is wrong with it."""
    checker = _Checker(root, environment)
    checker.check(root)
    checked = checker.checked
    for node, kind in checked.types.items():
        checked.types[node] = checker.bindings.resolve(kind, free=DYN)
    return checked


class _Checker:
    def __init__(self, root: syntax.Node, environment: Environment) -> None:
        self.checked = Checked(root)
        self.bindings = Bindings()
        self._environment = environment
        self._scopes: list[dict[str, Type]] = []
        self._mixed = 0

    def check(self, node: syntax.Node) -> Type:
        """The type of `node`, which is remembered."""
        kind = self._kind(node)
        self.checked.types[node] = kind
        return kind

    def _kind(self, node: syntax.Node) -> Type:
        match node:
            case syntax.Literal():
                return _LITERALS[type_name(node.value)]
            case syntax.Name():
                return self._name(node)
            case syntax.Select():
                return self._select(node)
            case syntax.Call():
                return self._call(node)
            case syntax.ListLiteral():
                return kinds.list_of(self._joined(node.items, node.optional))
            case syntax.MapLiteral():
                plain = (False,) * len(node.keys)
                return kinds.map_of(self._joined(node.keys, plain), self._joined(node.values, node.optional))
            case syntax.Struct():
                return self._struct(node)
            case syntax.Fold():
                return self._fold(node)
            case syntax.OptionalMap():
                return self._optional_map(node)

    def _name(self, node: syntax.Name) -> Type:
        found = self._declared(node, node.name)
        if found is None:
            self._object(node, f"undeclared reference to '{node.name}' (in container '')")
        return found or ERROR

    def _declared(self, node: syntax.Node, name: str) -> Type | None:
        """The type of the variable or type of this name, which `node` then stands for."""
        for scope in reversed(self._scopes):
            if name in scope:
                self.checked.references[node] = name
                return scope[name]
        if (variable := self._environment.variables.get(name)) is not None:
            self.checked.references[node] = name
            return variable
        if (kind := self._environment.type_names.get(name)) is not None:
            self.checked.references[node] = TypeValue(name)
            return kinds.type_of(kind)
        return None

    def _select(self, node: syntax.Select) -> Type:
        if (name := syntax.qualified(node)) and (found := self._declared(node, name)) is not None:
            return found
        kind = self._field(node, node.operand, node.field, optional=node.optional)
        return BOOL if node.test else self.bindings.resolve(kind)

    def _field(self, node: syntax.Node, operand: syntax.Node, name: str, *, optional: bool) -> Type:
        target, was_optional = unwrapped(self.bindings.resolve(self.check(operand)))
        match target.kind:
            case "map":
                kind = target.parameters[1]
            case "object":
                kind = self._object_field(node, target, name)
            case "parameter":
                self.bindings.fits([DYN], [target])
                kind = DYN
            case "dyn" | "error":
                kind = DYN
            case _:
                self._object(node, f"type '{target}' does not support field selection")
                kind = DYN
        return kinds.optional_of(kind) if optional or was_optional else kind

    def _object_field(self, node: syntax.Node, target: Type, name: str) -> Type:
        if (found := target.fields.get(name)) is not None:
            return found.type
        self._object(node, f"undefined field '{name}'")
        return ERROR

    def _call(self, node: syntax.Call) -> Type:
        # The arguments of `format` stand in a list, of whatever types they are.
        self._mixed += node.function == "format"
        arguments = [self.check(argument) for argument in node.arguments]
        self._mixed -= node.function == "format"
        if node.target is None:
            return self._resolved(node, node.function, arguments, member=False)
        prefix = syntax.qualified(node.target)
        if prefix and (name := f"{prefix}.{node.function}") in self._environment.functions:
            return self._resolved(node, name, arguments, member=False)
        return self._resolved(node, node.function, [self.check(node.target), *arguments], member=True)

    def _resolved(self, node: syntax.Call, name: str, given: Sequence[Type], *, member: bool) -> Type:
        overloads = self._environment.functions.get(name)
        if overloads is None:
            self._object(node, f"undeclared reference to '{name}' (in container '')")
            return ERROR
        if name in ("_&&_", "_||_"):
            self._all_bool(node.arguments, given)
            self.checked.overloads[node] = tuple(overloads)
            return BOOL
        matching: list[Overload] = []
        result: Type | None = None
        for overload in overloads:
            if overload.member != member:
                continue
            fresh = unification.instance((overload.result, *overload.parameters), self.bindings)
            if not self.bindings.fits(given, fresh[1:]):
                continue
            matching.append(overload)
            kind = self.bindings.resolve(fresh[0])
            if result is None:
                result = kind
            elif result.kind != "dyn" and result != kind:
                result = DYN
        if result is None:
            self._object(node, f"found no matching overload for '{name}' applied to '{self._shown(given, member)}'")
            return ERROR
        self.checked.overloads[node] = tuple(matching)
        return result

    def _all_bool(self, nodes: Sequence[syntax.Node], given: Sequence[Type]) -> None:
        for node, kind in zip(nodes, given, strict=True):
            if not self.bindings.fits([kind], [BOOL]):
                self._object(node, f"expected type 'bool' but found '{self.bindings.resolve(kind, free=DYN)}'")

    def _shown(self, given: Sequence[Type], member: bool) -> str:
        shown = [str(self.bindings.resolve(kind, free=DYN)) for kind in given]
        target = f"{shown.pop(0)}." if member else ""
        return f"{target}({', '.join(shown)})"

    def _joined(self, nodes: Sequence[syntax.Node], optional: Sequence[bool]) -> Type:
        """The type that all items of a literal have."""
        common: Type | None = None
        for node, may_be_none in zip(nodes, optional, strict=True):
            kind = self.check(node)
            if may_be_none:
                kind, was_optional = unwrapped(kind)
                if not was_optional and kind.kind != "dyn":
                    self._object(node, f"expected type 'optional_type({kind})' but found '{kind}'")
            if common is None:
                common = kind
            elif self.bindings.fits([common], [kind]):
                common = unification.wider(common, kind)
            elif self._mixed:
                common = DYN
            else:
                self._object(node, f"expected type '{common}' but found '{kind}'")
                common = ERROR
        return common or self.bindings.fresh()

    def _struct(self, node: syntax.Struct) -> Type:
        target = self._environment.type_names.get(node.name)
        values = [self.check(value) for value in node.values]
        if target is None:
            self._object(node, f"undeclared reference to '{node.name}' (in container '')")
            return ERROR
        if target.kind != "object":
            self._object(node, f"'{target}' is not a message type")
            return ERROR
        for position, name, value, may_be_none in zip(node.positions, node.fields, values, node.optional, strict=True):
            wanted = target.fields.get(name)
            if wanted is None:
                self.checked.issues.append(Issue(position, f"undefined field '{name}'"))
                continue
            kind = unwrapped(value)[0] if may_be_none else value
            if not self.bindings.fits([wanted.type], [kind]):
                shown = self.bindings.resolve(kind, free=DYN)
                mismatch = f"expected type of field '{name}' is '{wanted.type}' but provided type is '{shown}'"
                self.checked.issues.append(Issue(position, mismatch))
        return target

    def _fold(self, node: syntax.Fold) -> Type:
        entries = self._entries(node)
        self._scopes.append(dict(zip(node.variables, entries, strict=True)))
        condition = self.check(node.condition) if node.condition else None
        body = condition if node.kind == "filter" and condition is not None else self.check(node.body)
        self._scopes.pop()
        return self._fold_result(node, entries, condition, body)

    def _entries(self, node: syntax.Fold) -> tuple[Type, ...]:
        """The types of the variables that go through the source."""
        source = self.bindings.resolve(self.check(node.source))
        two = len(node.variables) == 2
        match source.kind:
            case "list":
                return (INT, source.parameters[0]) if two else source.parameters
            case "map":
                return source.parameters if two else source.parameters[:1]
            case "dyn" | "error" | "parameter":
                self.bindings.fits([DYN], [source])
                return (DYN,) * len(node.variables)
            case _:
                shown = f"expression of type '{source}' cannot be range of a comprehension"
                self._object(node.source, f"{shown} (must be list, map, or dynamic)")
                return (ERROR,) * len(node.variables)

    def _fold_result(self, node: syntax.Fold, entries: tuple[Type, ...], condition: Type | None, body: Type) -> Type:
        match node.kind:
            case "all" | "exists":
                self._all_bool([node.body], [body])
                return BOOL
            case "exists_one":
                self._chosen_by(node, body, INT)
                return BOOL
            case "filter":
                result = kinds.list_of(entries[0])
            case "map" | "transformList":
                result = kinds.list_of(body)
            case "transformMap":
                key = entries[0]
                result = kinds.map_of(key, body)
            case "transformMapEntry":
                result = self.bindings.resolve(body)
        if condition is not None:
            self._chosen_by(node, condition, result)
        return self.bindings.resolve(result)

    def _chosen_by(self, node: syntax.Fold, condition: Type, result: Type) -> None:
        # These macros are written with `condition ? changed : unchanged`, and upstream's words betray it.
        if not self.bindings.fits([condition], [BOOL]):
            shown = self._shown((condition, result, result), member=False)
            self._object(node, f"found no matching overload for '_?_:_' applied to '{shown}'")

    def _optional_map(self, node: syntax.OptionalMap) -> Type:
        target, was_optional = unwrapped(self.bindings.resolve(self.check(node.target)))
        if not was_optional and target.kind not in ("dyn", "error"):
            self._object(node, f"found no matching overload for 'hasValue' applied to '{target}.()'")
        self._scopes.append({node.variable: target})
        body = self.check(node.body)
        self._scopes.pop()
        if not node.flat:
            return kinds.optional_of(body)
        if not unwrapped(body)[1] and body.kind not in ("dyn", "error"):
            shown = self._shown((BOOL, body, kinds.optional_of(DYN)), member=False)
            self._object(node, f"found no matching overload for '_?_:_' applied to '{shown}'")
        return body

    def _object(self, node: syntax.Node, message: str) -> None:
        self.checked.issues.append(Issue(node.position, message))
