"""From a checked expression to Python closures, which run some fifty times as fast as walking the tree.

A closure takes the frame, a list: [0] what has been spent, [1] the limit, then the variables. What each part costs is
upstream's count (cel-go `interpreter/runtimecost.go`), so that an expression that a real cluster stops is stopped here.
The limit is looked at wherever an expression can take long: at each step of a macro, and after a call that is not O(1).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from podvisor.types import regex
from podvisor.types.cel import conversion, dispatch, folding, listsemantics, syntax
from podvisor.types.cel.checker import Checked
from podvisor.types.cel.errors import CompileError, CostExceeded, EvaluationError, Issue, no_such_key, no_such_overload
from podvisor.types.cel.kinds import Type, unwrapped
from podvisor.types.cel.values import NONE, Optional, TypeValue

Frame: TypeAlias = list[Any]
Step: TypeAlias = Callable[[Frame], Any]

ABSENT = object()
"""What a variable holds that was not given."""

_FOLDED = frozenset(("int", "uint", "double", "string", "bytes", "bool", "duration", "timestamp", "dyn", "type"))


class Planner:
    """Makes the closures of one expression."""

    def __init__(self, source: str, checked: Checked, variables: Sequence[str]) -> None:
        self._source = source
        self._checked = checked
        self._slots = {name: position + 2 for position, name in enumerate(variables)}
        self.size = len(variables) + 2
        """How long a frame must be."""
        self._constants: dict[Step, Any] = {}

    def plan(self, node: syntax.Node) -> Step:
        """What `node` comes to."""
        if (reference := self._checked.references.get(node)) is not None:
            return self._constant(reference) if isinstance(reference, TypeValue) else self._variable(node, reference)
        match node:
            case syntax.Literal():
                return self._constant(node.value)
            case syntax.Select():
                return self._select(node)
            case syntax.Call():
                return self._call(node)
            case syntax.ListLiteral():
                return self._list(node)
            case syntax.MapLiteral():
                return self._map(node)
            case syntax.Struct():
                return self._struct(node)
            case syntax.Fold():
                return self._fold(node)
            case syntax.OptionalMap():
                return self._optional_map(node)
            case syntax.Name():
                raise AssertionError(f"{node.name} was not resolved")

    def type_of(self, node: syntax.Node) -> Type:
        """What the checker knows of `node`."""
        return self._checked.types[node]

    def _constant(self, value: Any) -> Step:
        def step(_frame: Frame) -> Any:
            return value

        self._constants[step] = value
        return step

    def _variable(self, node: syntax.Node, name: str) -> Step:
        slot = self._slots[name]
        convert = conversion.converter(self.type_of(node))

        def step(frame: Frame) -> Any:
            frame[0] += 1
            value = frame[slot]
            if value is ABSENT:
                raise EvaluationError(f"no such attribute(s): {name}")
            return value

        def converted(frame: Frame) -> Any:
            value = step(frame)
            return None if value is None or convert is None else convert(value)

        return step if convert is None else converted

    def _select(self, node: syntax.Select) -> Step:
        operand, target = self.plan(node.operand), unwrapped(self.type_of(node.operand))[0]
        key = target.fields[node.field].key if target.kind == "object" else node.field
        direct = 0 if _is_attribute(node.operand) else 1
        if node.test:
            return _presence(operand, key, direct, strict=target.kind == "object")
        step = (_optional_selection if node.optional else _selection)(operand, key, 1 + direct)
        if target.kind != "object" or target.fields[node.field].is_cel:
            return step
        return _typed(step, key, unwrapped(self.type_of(node))[0])

    def _call(self, node: syntax.Call) -> Step:
        match node.function:
            case "_&&_":
                return _logical([self.plan(argument) for argument in node.arguments], decisive=False)
            case "_||_":
                return _logical([self.plan(argument) for argument in node.arguments], decisive=True)
            case "_?_:_":
                return self._ternary(node)
            case "_[_]" | "_[?_]":
                return self._index(node)
            case _:
                return self._function(node)

    def _ternary(self, node: syntax.Call) -> Step:
        condition, chosen, otherwise = (self.plan(argument) for argument in node.arguments)
        # The variable at the beginning of a branch that is a path is not charged.
        return _ternary(
            condition,
            *(
                _discounted(step) if _is_attribute(branch) else step
                for step, branch in zip((chosen, otherwise), node.arguments[1:], strict=True)
            ),
        )

    def _index(self, node: syntax.Call) -> Step:
        operand, index = self.plan(node.arguments[0]), self.plan(node.arguments[1])
        direct = 0 if _is_attribute(node.arguments[0]) else 1
        cost = direct if _is_attribute(node.arguments[1]) else 1 + direct
        return _indexing(operand, index, cost, optional=node.function == "_[?_]")

    def _function(self, node: syntax.Call) -> Step:
        overloads = self._checked.overloads[node]
        named = overloads[0].member
        nodes = (node.target, *node.arguments) if named and node.target is not None else node.arguments
        arguments = [self.plan(argument) for argument in nodes]
        kinds = [self.type_of(argument) for argument in nodes]
        if special := listsemantics.operation(node.function, kinds):
            return dispatch.direct(special, None, arguments)
        if node.function in ("or", "orValue") and named:
            return _alternative(*arguments, unwrap=node.function == "orValue")
        if node.function == "@in" and isinstance(self._constants.get(arguments[1]), list):
            return self._member_of(arguments[0], arguments[1], overloads[0].run)
        if node.function in ("find", "findAll"):
            self._pattern(arguments[1])
        step = dispatch.call(node.function, overloads, kinds, arguments)
        if node.function in _FOLDED and all(argument in self._constants for argument in arguments):
            return self._known(node, step)
        return step

    def _member_of(self, item: Step, items: Step, run: Callable[[Any, Any], Any]) -> Step:
        """Whether a value is one of those written out, which upstream looks up in a table and does not charge."""
        known = self._constants[items]
        return self._constant(False) if known == [] else lambda frame: run(item(frame), known)

    def _pattern(self, pattern: Step) -> None:
        """Objects to a pattern that is written out and is none."""
        try:
            regex.compile(self._constants.get(pattern, ""))
        except regex.InvalidPattern as error:
            raise CompileError(self._source, [Issue(None, str(error))]) from None

    def _known(self, node: syntax.Node, step: Step) -> Step:
        """The value of a conversion of a constant, which is found out once."""
        try:
            return self._constant(step([0, 2**62]))
        except EvaluationError as error:
            raise CompileError(self._source, [Issue(None, str(error))]) from None

    def _list(self, node: syntax.ListLiteral) -> Step:
        items = [self.plan(item) for item in node.items]
        if all(item in self._constants for item in items) and not any(node.optional):
            return self._constant([self._constants[item] for item in items])
        if not any(node.optional):
            return _listing(items)

        def step(frame: Frame) -> Any:
            frame[0] += 10
            made: list[Any] = []
            for item, optional in zip(items, node.optional, strict=True):
                _append(made, item(frame), optional=optional)
            return made

        return step

    def _map(self, node: syntax.MapLiteral) -> Step:
        keys, values = [self.plan(key) for key in node.keys], [self.plan(value) for value in node.values]
        entries = list(zip(keys, values, node.optional, strict=True))
        step = _mapping(entries)
        if all(part in self._constants for part in (*keys, *values)) and not any(node.optional):
            return self._known(node, step)
        return step

    def _struct(self, node: syntax.Struct) -> Step:
        target = self.type_of(node)
        values = [self.plan(value) for value in node.values]
        fields = [target.fields[name].key for name in node.fields]
        entries = list(zip(fields, values, node.optional, strict=True))

        def step(frame: Frame) -> Any:
            frame[0] += 40
            made: dict[str, Any] = {}
            for field, value, optional in entries:
                _put(made, field, value(frame), optional=optional)
            return made

        return step

    def _fold(self, node: syntax.Fold) -> Step:
        source = self.plan(node.source)
        first = self.size
        before = self._scoped(node.variables)
        condition = self.plan(node.condition) if node.condition else None
        body = condition if node.kind == "filter" and condition else self.plan(node.body)
        self._slots = before
        return folding.fold(node.kind, folding.Parts(source, condition, body, first, len(node.variables)))

    def _optional_map(self, node: syntax.OptionalMap) -> Step:
        target = self.plan(node.target)
        slot = self.size
        before = self._scoped((node.variable,))
        body = self.plan(node.body)
        self._slots = before
        return _mapped(target, slot, body, flat=node.flat)

    def _scoped(self, variables: Sequence[str]) -> dict[str, int]:
        """Gives the variables places of their own; answers with what names meant before."""
        before = self._slots
        self._slots = {**before, **{name: self.size + position for position, name in enumerate(variables)}}
        self.size += len(variables)
        return before


def _is_attribute(node: syntax.Node) -> bool:
    """True if `node` is a path from a variable, which upstream counts as one thing."""
    match node:
        case syntax.Name():
            return True
        case syntax.Select():
            return not node.test
        case syntax.Call():
            return node.function in ("_[_]", "_[?_]", "_?_:_")
        case _:
            return False


def _selection(operand: Step, key: str, cost: int) -> Step:
    def step(frame: Frame) -> Any:
        value = operand(frame)
        frame[0] += cost
        if type(value) is dict:
            try:
                return cast(dict[str, Any], value)[key]
            except KeyError:
                raise no_such_key(key) from None
        return _settled(frame, _selected(value, key))

    return step


def _settled(frame: Frame, result: Any) -> Any:
    """The result; a step that turned out to lead nowhere is not charged."""
    if result is NONE:
        frame[0] -= 1
    return result


def _typed(selection: Step, key: str, kind: Type) -> Step:
    """The field of an object that has a schema: null there means that it is not set."""
    convert = conversion.converter(kind)

    def step(frame: Frame) -> Any:
        value = selection(frame)
        if value is None:
            raise no_such_key(key)
        if isinstance(value, Optional) and value.present and value.content is None:
            return NONE
        return conversion.through(value, convert)

    return step


def _selected(value: Any, key: str) -> Any:
    if isinstance(value, Optional):
        return _chosen(value.content, key) if value.present else NONE
    if not isinstance(value, Mapping) or key not in value:
        raise no_such_key(key)
    return cast(Mapping[Any, Any], value)[key]


def _optional_selection(operand: Step, key: str, cost: int) -> Step:
    def step(frame: Frame) -> Any:
        value = operand(frame)
        frame[0] += cost
        if isinstance(value, Optional):
            value = value.content
        return _settled(frame, _chosen(value, key))

    return step


def _chosen(value: Any, key: Any) -> Optional:
    """What stands under `key`, if anything does."""
    if isinstance(value, Mapping):
        return Optional(True, value[key]) if key in value else NONE
    if isinstance(value, list) and type(key) is int:
        items = cast(list[Any], value)
        return Optional(True, items[key]) if 0 <= key < len(items) else NONE
    if value is None:
        return NONE
    raise no_such_overload()


def _presence(operand: Step, key: str, direct: int, *, strict: bool) -> Step:
    def step(frame: Frame) -> Any:
        value = operand(frame)
        frame[0] += direct
        if isinstance(value, Optional):
            value = value.content
        return isinstance(value, Mapping) and key in value and (value[key] is not None or not strict)

    return step


def _indexing(operand: Step, index: Step, cost: int, *, optional: bool) -> Step:
    def step(frame: Frame) -> Any:
        value, key = operand(frame), index(frame)
        frame[0] += cost
        if isinstance(value, Optional):
            return _settled(frame, _chosen(value.content, _key(key)) if value.present else NONE)
        if optional:
            return _settled(frame, _chosen(value, _key(key)))
        if isinstance(value, list):
            position = _key(key)
            if type(position) is not int:
                raise no_such_overload()
            items = cast(list[Any], value)
            if not 0 <= position < len(items):
                raise EvaluationError(f"index out of bounds: {position}")
            return items[position]
        return _selected(value, key)

    return step


def _key(key: Any) -> Any:
    # A list may be asked for 1.0 and 1u.
    return int(key) if type(key) is not bool and isinstance(key, int | float) and key == int(key) else key


def _logical(terms: Sequence[Step], *, decisive: bool) -> Step:
    """`&&` and `||`: the deciding value wins over errors, wherever it stands."""

    def step(frame: Frame) -> Any:
        failed: EvaluationError | None = None
        for term in terms:
            try:
                value = term(frame)
            except CostExceeded:
                raise
            except EvaluationError as error:
                failed = failed or error
                continue
            if value is decisive:
                return decisive
            if type(value) is not bool:
                failed = failed or no_such_overload()
        if failed:
            raise failed
        return not decisive

    return step


def _ternary(condition: Step, chosen: Step, otherwise: Step) -> Step:
    def step(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return chosen(frame)
        if value is False:
            return otherwise(frame)
        raise no_such_overload()

    return step


def _discounted(branch: Step) -> Step:
    def step(frame: Frame) -> Any:
        frame[0] -= 1
        return branch(frame)

    return step


def _listing(items: Sequence[Step]) -> Step:
    def step(frame: Frame) -> Any:
        frame[0] += 10
        return [item(frame) for item in items]

    return step


def _mapping(entries: Sequence[tuple[Step, Step, bool]]) -> Step:
    def step(frame: Frame) -> Any:
        frame[0] += 30
        made: dict[Any, Any] = {}
        for key, value, optional in entries:
            name = key(frame)
            if not isinstance(name, str | int | bool | float):
                raise EvaluationError(f"unsupported key type: {name}")
            _put(made, name, value(frame), optional=optional)
        return made

    return step


def _append(made: list[Any], value: Any, *, optional: bool) -> None:
    if not optional:
        made.append(value)
    elif not isinstance(value, Optional):
        raise EvaluationError(f"cannot initialize optional list element from non-optional value {value}")
    elif value.present:
        made.append(value.content)


def _put(made: dict[Any, Any], key: Any, value: Any, *, optional: bool) -> None:
    if not optional:
        made[key] = value
    elif not isinstance(value, Optional):
        raise EvaluationError(f"cannot initialize optional entry '{key}' from non-optional value {value}")
    elif value.present:
        made[key] = value.content


def _alternative(first: Step, second: Step, *, unwrap: bool) -> Step:
    def step(frame: Frame) -> Any:
        value = first(frame)
        if not isinstance(value, Optional):
            raise no_such_overload()
        if value.present:
            return value.content if unwrap else value
        return second(frame)

    return step


def _mapped(target: Step, slot: int, body: Step, *, flat: bool) -> Step:
    def step(frame: Frame) -> Any:
        before = frame[0]
        value = target(frame)
        if not isinstance(value, Optional):
            raise no_such_overload()
        if not value.present:
            frame[0] += 2
            return NONE
        # Upstream asks for the target twice, once whether it holds anything and once for what.
        frame[0] += 2 + frame[0] - before
        frame[slot] = value.content
        result = body(frame)
        if flat:
            return result
        frame[0] += 1
        return Optional(True, result)

    return step
