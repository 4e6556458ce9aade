"""The rules that schemas have in CEL (`x-kubernetes-validations`), and what they say of objects.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules ; the
words are those of apiextensions-apiserver's `pkg/apiserver/schema/cel`. What a rule may cost at most is not estimated
beforehand: it is stopped when it has cost so much.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from podvisor.types import cel
from podvisor.types import field as fields
from podvisor.types.field import Error, Path
from podvisor.types.structural import declared
from podvisor.types.structural.node import Json, Node

_BLOCKING = (
    "FieldValueNotSupported",
    "FieldValueRequired",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "FieldValueTypeInvalid",
)
"""After such an objection an object may be of other types than the rules were checked for."""
_UNCHECKED = (
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete "
    "validation"
)
_SPENT = "validation failed due to running out of cost budget, no further validation rules will be run"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, ready to be run or not."""

    source: Json
    program: cel.Program | None
    error: str = ""
    """Why it cannot be run."""
    uses_old: bool = False
    """True if it is about a change."""
    message: cel.Program | None = None
    message_error: str = ""

    @property
    def text(self) -> str:
        """The rule as objections name it."""
        return (self.source.get("message") or self.source.get("rule", "")).strip()

    @property
    def default_message(self) -> str:
        """What it says where its message is no expression."""
        return self.source["message"].strip() if self.source.get("message") else f"failed rule: {self.text}"


@dataclass(slots=True)
class Rules:
    """The rules of a schema and of what is below it."""

    node: Node
    own: Sequence[Rule] = ()
    properties: dict[str, "Rules"] = field(default_factory=dict[str, "Rules"])
    additional: "Rules | None" = None
    items: "Rules | None" = None

    def errors(self, new: Any, old: Any, found: Sequence[Error]) -> Iterator[Error]:
        """Objections to an object, after those that its schema has `found`."""
        if any(one.reason in _BLOCKING for one in found):
            yield Error("<nil>", "FieldValueInvalid", f'Invalid value: "null": {_UNCHECKED}')
            return
        budget = cel.Budget()
        yield from self._check(new, old, Path(""), budget)

    def _check(self, new: Any, old: Any, path: Path, budget: cel.Budget) -> Iterator[Error]:
        if new is None or budget.remaining < 0:
            return
        for rule in self.own:
            if budget.remaining < 0:
                return
            yield from self._run(rule, new, old, path, budget)
        if isinstance(new, list):
            if self.items is not None:
                before = _correlated(self.node, old)
                for index, item in enumerate(cast("list[Any]", new)):
                    yield from self.items._check(item, before(item), path.at(index), budget)
        elif isinstance(new, dict):
            past: Json = cast("Json", old) if isinstance(old, dict) and _is_granular(self.node) else {}
            for name, item in cast("Json", new).items():
                if name in self.node.properties:
                    if (below := self.properties.get(name)) is not None:
                        yield from below._check(item, past.get(name), path.child(name), budget)
                elif self.additional is not None:
                    yield from self.additional._check(item, past.get(name), path.key(name), budget)

    def _run(self, rule: Rule, new: Any, old: Any, path: Path, budget: cel.Budget) -> Iterator[Error]:
        kind = self.node.type
        if rule.error or rule.program is None:
            yield fields.invalid(path or "<nil>", kind, f"rule compile error: {rule.error}")
            return
        optional = bool(rule.source.get("optionalOldSelf"))
        if rule.uses_old and old is None and not optional:
            return
        if budget.remaining <= 0:
            budget.remaining = -1
            yield fields.invalid(path or "<nil>", kind, _SPENT)
            return
        variables = {"self": new, "oldSelf": _optional(old) if optional else old}
        try:
            holds = rule.program.evaluate(variables, budget)
        except cel.EvaluationError as error:
            yield fields.invalid(path or "<nil>", kind, _failure(rule, error, budget))
            return
        if holds is not True and (rule.uses_old or not _same(new, old)):
            message = self._message(rule, variables, budget)
            yield _by_reason(rule, _below(path, rule) or Path("<nil>"), kind, message)

    def _message(self, rule: Rule, variables: Mapping[str, Any], budget: cel.Budget) -> str:
        if rule.message is None:
            return rule.default_message
        try:
            text = rule.message.evaluate(variables, budget)
        except cel.EvaluationError:
            return rule.default_message
        good = isinstance(text, str) and text.strip() and "\n" not in text
        return text if good else rule.default_message


def compile(node: Node, *, is_root: bool = True) -> Rules | None:
    """The rules of a schema and of all below it; None if there are none."""
    found = Rules(node, _own(node, is_root=is_root))
    for name, one in node.properties.items():
        if (below := compile(one, is_root=one.is_embedded)) is not None:
            found.properties[name] = below
    if node.additional is not None:
        found.additional = compile(node.additional, is_root=node.additional.is_embedded)
    if node.items is not None:
        found.items = compile(node.items, is_root=node.items.is_embedded)
    has_any = found.own or found.properties or found.additional or found.items
    return found if has_any else None


def _own(node: Node, *, is_root: bool) -> Sequence[Rule]:
    sources: Sequence[Json] = node.schema.get("x-kubernetes-validations", ())
    for one in node.schema.get("allOf", ()):
        sources = [*sources, *one.get("x-kubernetes-validations", ())]
    if not sources:
        return ()
    kind = declared.type_of(node, is_root=is_root) or cel.DYN
    return [_rule(source, kind) for source in sources]


def _rule(source: Json, kind: cel.Type) -> Rule:
    old = cel.optional_of(kind) if source.get("optionalOldSelf") else kind
    known = {"self": kind, "oldSelf": old}
    try:
        program, uses_old = _compiled(source.get("rule", ""), known)
    except cel.CompileError as error:
        return Rule(source, None, f"compilation failed: {error}")
    if program.result not in (cel.BOOL, cel.DYN):
        return Rule(source, None, "cel expression must evaluate to a bool")
    message, why = None, ""
    if text := source.get("messageExpression"):
        try:
            message = cel.compile(text, known if uses_old else {"self": kind})
            if message.result not in (cel.STRING, cel.DYN):
                message, why = None, "messageExpression must evaluate to a string"
        except cel.CompileError as error:
            why = f"messageExpression compilation failed: {error}"
    return Rule(source, program, uses_old=uses_old, message=message, message_error=why)


def _compiled(text: str, known: Mapping[str, cel.Type]) -> tuple[cel.Program, bool]:
    """A rule, and True if it is about a change: if it means nothing without `oldSelf`."""
    try:
        return cel.compile(text, {"self": known["self"]}), False
    except cel.CompileError:
        if "oldSelf" not in text:
            raise
    return cel.compile(text, known), True


def objections(node: Node, path: Path) -> Iterator[Error]:
    """Objections to the rules of a schema at a path: what cannot be compiled, or is about what cannot change."""
    if (found := compile(node)) is not None:
        yield from _objections(found, path, "")


def _objections(found: Rules, path: Path, loose: str) -> Iterator[Error]:
    for index, rule in enumerate(found.own):
        here = path.child("x-kubernetes-validations").at(index)
        if rule.error:
            yield _of_rule(here.child("rule"), rule, rule.error)
        if rule.message_error:
            yield _of_rule(here.child("messageExpression"), rule, rule.message_error)
        if rule.uses_old and loose:
            text = rule.source.get("rule", "")
            detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {loose}"
            yield fields.invalid(here.child("rule"), text, detail)
        elif not rule.uses_old and not rule.error and rule.source.get("optionalOldSelf") is not None:
            given = rule.source["optionalOldSelf"]
            yield fields.invalid(here.child("optionalOldSelf"), given, "may not be set if oldSelf is not used in rule")
    for name, one in found.properties.items():
        below = loose or ("" if _is_granular(found.node) else path)
        yield from _objections(one, path.child("properties").key(name), below)
    if found.additional is not None:
        yield from _objections(found.additional, path.child("additionalProperties"), loose)
    if found.items is not None:
        yield from _objections(
            found.items, path.child("items"), loose or ("" if found.node.list_type == "map" else path)
        )


def _of_rule(path: Path, rule: Rule, detail: str) -> Error:
    return Error(path, "FieldValueInvalid", f"Invalid value: {_shown(rule.source)}: {detail}")


def _shown(source: Json) -> str:
    """A rule as Go shows it."""
    parts = [f"{name}:{orjson.dumps(source.get(key, '')).decode()}" for name, key in _TEXTS]
    reason, optional = "(*apiextensions.FieldValueErrorReason)(nil)", "(*bool)(nil)"
    named = f"Reason:{reason}, FieldPath:{orjson.dumps(source.get('fieldPath', '')).decode()}"
    return f"apiextensions.ValidationRule{{{', '.join(parts)}, {named}, OptionalOldSelf:{optional}}}"


_TEXTS = (("Rule", "rule"), ("Message", "message"), ("MessageExpression", "messageExpression"))


def _is_granular(node: Node) -> bool:
    return node.schema.get("x-kubernetes-map-type") != "atomic"


def _correlated(node: Node, old: Any) -> Callable[[Any], Any]:
    """What an item of a list was before: only those of a map are the same items as before."""
    if node.list_type != "map" or not isinstance(old, list):
        return lambda _: None
    before = {_key(node, item): item for item in cast("list[Any]", old)}
    return lambda item: before.get(_key(node, item))


def _key(node: Node, item: Any) -> bytes:
    return orjson.dumps([cast("Json", item).get(name) for name in node.list_keys] if isinstance(item, dict) else item)


def _optional(old: Any) -> cel.Optional:
    return cel.Optional(False) if old is None else cel.Optional(True, old)


def _same(new: Any, old: Any) -> bool:
    options = orjson.OPT_SORT_KEYS
    return old is not None and orjson.dumps(new, option=options) == orjson.dumps(old, option=options)


def _failure(rule: Rule, error: cel.EvaluationError, budget: cel.Budget) -> str:
    if isinstance(error, cel.CostExceeded):
        spent = budget.remaining < 0
        budget.remaining = -1
        if spent:
            return _SPENT
        return (
            f"'{error}': no further validation rules will be run due to call cost exceeds limit for rule: {rule.text}"
        )
    if str(error).startswith("no such overload"):
        detail = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{error}': {detail}: {rule.text}"
    return f"{error} evaluating rule: {rule.text}"


def _below(path: Path, rule: Rule) -> Path:
    """Where a rule says that its objection belongs."""
    given = rule.source.get("fieldPath", "").strip().removeprefix(".")
    return path.child(given) if given else path


def _by_reason(rule: Rule, path: Path, kind: str, message: str) -> Error:
    match rule.source.get("reason"):
        case "FieldValueForbidden":
            return fields.forbidden(path, message)
        case "FieldValueRequired":
            return fields.required(path, message)
        case "FieldValueDuplicate":
            return fields.duplicate(path, kind)
        case _:
            return fields.invalid(path, kind, message)
