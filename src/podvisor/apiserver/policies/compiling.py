"""Expressions of policies made ready, with the variables that a policy defines for itself.

Whoever writes a policy is told what is wrong with it in these words; a policy at work is made of the same expressions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import orjson

from podvisor.apiserver.policies import environment
from podvisor.apiserver.resource import Json
from podvisor.types import cel

BOOL, STRING, TEXT_OR_NOTHING = ("bool",), ("string",), ("string", "null_type")
ANYTHING: Sequence[str] = ()
_KEPT = ("bool", "bytes", "double", "duration", "int", "null", "string", "timestamp", "uint")


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, and what it means or why it means nothing."""

    source: str
    program: cel.Program | None
    error: str = ""


def compile(
    source: str, declared: Mapping[str, cel.Type], results: Sequence[str], types: Mapping[str, cel.Type] | None = None
) -> Expression:
    """The expression; its `error` says also where it comes to none of these types. With no `results` any will do."""
    try:
        program = cel.compile(source, declared, types)
    except cel.CompileError as error:
        return Expression(source, None, f"compilation failed: {error}")
    found = _shown(program.result)
    if results and found not in results:
        wanted = results[0] if len(results) == 1 else f"one of [{' '.join(results)}]"
        return Expression(source, None, f"must evaluate to {wanted} but got {found}")
    return Expression(source, program)


def _shown(kind: cel.Type) -> str:
    return "null_type" if kind.kind == "null" else str(kind)


@dataclass(slots=True)
class Composer:
    """Makes the expressions of one policy; each variable is known to those that come after it."""

    types: Mapping[str, cel.Type]
    """What there is beside the policy's own variables."""
    makes: Mapping[str, cel.Type] | None = None
    """Objects that expressions may make."""
    variables: dict[str, Expression] = field(default_factory=dict[str, Expression])
    _fields: dict[str, cel.Field] = field(default_factory=dict[str, cel.Field])

    def define(self, name: str, source: str) -> Expression:
        """A variable of the policy. One that cannot be made ready may be anything."""
        made = self.variables[name] = self.compile(source, ANYTHING)
        kind = _of_variable(made.program.result) if made.program else cel.DYN
        self._fields[name] = cel.Field(kind, name, is_cel=True)
        return made

    def compile(self, source: str, results: Sequence[str], *, asks: bool = True) -> Expression:
        """An expression that may use the variables so far; without `asks` it knows no authorizer."""
        declared = dict(self.types)
        if not asks:
            declared = {name: kind for name, kind in declared.items() if not name.startswith("authorizer")}
        if self._fields:
            declared["variables"] = cel.object_type("kubernetes.variables", dict(self._fields))
        return compile(source, declared, results, self.makes)


def _of_variable(kind: cel.Type) -> cel.Type:
    """The type of a variable as other expressions know it: what has no simple type may be anything."""
    match kind.kind:
        case "list":
            return cel.list_of(_of_variable(kind.parameters[0]))
        case "map":
            return cel.map_of(*map(_of_variable, kind.parameters))
        case _:
            return kind if kind.kind in _KEPT else cel.DYN


@dataclass(frozen=True, slots=True)
class Validation:
    """What has to hold, and what is said if it does not."""

    holds: Expression
    message: str
    message_expression: Expression | None
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A ValidatingAdmissionPolicy at work."""

    name: str
    spec: Json
    variables: Mapping[str, Expression]
    conditions: Sequence[tuple[str, Expression]]
    validations: Sequence[Validation]
    annotations: Sequence[tuple[str, Expression]]

    @property
    def ignores_failures(self) -> bool:
        """True if an error in the policy lets a change pass."""
        return self.spec.get("failurePolicy") == "Ignore"


def composer(spec: Json) -> Composer:
    """For the expressions of a policy, its variables defined."""
    made = Composer(environment.declared(params=spec.get("paramKind") is not None))
    for variable in spec.get("variables") or ():
        made.define(variable["name"], variable["expression"])
    return made


@lru_cache(maxsize=256)
def validating(stored: bytes) -> Policy:
    """The ValidatingAdmissionPolicy that is stored like this."""
    item: Json = orjson.loads(stored)
    spec: Json = item["spec"]
    make = composer(spec)
    return Policy(
        item["metadata"]["name"],
        spec,
        make.variables,
        [(one["name"], make.compile(one["expression"], BOOL)) for one in spec.get("matchConditions") or ()],
        [_validation(one, make) for one in spec.get("validations") or ()],
        [
            (one["key"], make.compile(one["valueExpression"], TEXT_OR_NOTHING))
            for one in spec.get("auditAnnotations") or ()
        ],
    )


def _validation(given: Json, make: Composer) -> Validation:
    message = given.get("messageExpression") or ""
    return Validation(
        make.compile(given["expression"], BOOL),
        (given.get("message") or "").strip(),
        make.compile(message, STRING, asks=False) if message else None,
        given.get("reason") or "Invalid",
    )
