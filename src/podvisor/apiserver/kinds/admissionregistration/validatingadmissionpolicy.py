"""ValidatingAdmissionPolicy: what has to hold of objects, in CEL.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.admissionregistration import matching, params
from podvisor.apiserver.policies import compiling, environment
from podvisor.apiserver.policies.compiling import Composer
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, rules
from podvisor.types.cel import parser

GROUP = "admissionregistration.k8s.io"
_COLUMNS = (NAME, Column("Validations", "integer"), Column("ParamKind"), AGE)
_REASONS = ("Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized")
_RESERVED = frozenset(("true", "false", "null", "in", *parser.RESERVED))
_MOST_ANNOTATIONS = 20
_LONGEST_VALUE = 5 * 1024


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    spec["failurePolicy"] = spec.get("failurePolicy") or "Fail"
    matching.default(spec.get("matchConstraints"))


def _create(item: Json) -> None:
    item["status"] = {}


def match_constraints(at: rules.At) -> Iterator[field.Error]:
    """A policy names at least one resource, so that something is known of the types of its objects."""
    if at.get("matchConstraints") is None:
        yield field.required(at.path.child("matchConstraints"))


def resource_rules(at: rules.At) -> Iterator[field.Error]:
    """See `match_constraints`."""
    if not at.value:
        yield field.required(at.path)


def conditions(at: rules.At) -> Iterator[field.Error]:
    """Match conditions that have not changed are left alone, also where they could not be written today."""
    given, path = at.listed("matchConditions"), at.child("matchConditions")
    if given and not (at.updating and path.value == path.old):
        declared = environment.declared(params=at.get("paramKind") is not None)
        yield from matching.conditions(path, declared)


def variables(at: rules.At, make: Composer) -> Iterator[field.Error]:
    """Objections to the variables of a policy, each of which those after it may use."""
    for place in at.child("variables").items():
        name, expression = place.get("name") or "", place.get("expression") or ""
        if not name.strip():
            yield field.required(place.path.child("name"), "name is not specified")
        elif name in _RESERVED or not name.isascii() or not name.isidentifier():
            yield field.invalid(place.path.child("name"), name, "name is not a valid CEL identifier")
        if not expression.strip():
            yield field.required(place.path.child("expression"), "expression is not specified")
        elif why := make.define(name, expression).error:
            yield field.invalid(place.path.child("expression"), expression, why)


def _expressions(at: rules.At) -> Iterator[field.Error]:
    make = Composer(environment.declared(params=at.get("paramKind") is not None))
    yield from variables(at, make)
    if not at.get("validations") and not at.get("auditAnnotations"):
        detail = "validations or auditAnnotations must contain at least one item"
        yield field.required(at.path.child("validations"), detail)
        yield field.required(at.path.child("auditAnnotations"), detail)
        return
    for place in at.child("validations").items():
        yield from _validation(place, make)
    yield from _annotations(at.child("auditAnnotations"), make)


def _validation(at: rules.At, make: Composer) -> Iterator[field.Error]:
    expression, message = at.get("expression") or "", at.get("message") or ""
    if not expression.strip():
        yield field.required(at.path.child("expression"), "expression is not specified")
    elif why := make.compile(expression, compiling.BOOL).error:
        yield field.invalid(at.path.child("expression"), expression, why)
    if made := at.get("messageExpression") or "":
        path = at.path.child("messageExpression")
        if not made.strip():
            yield field.invalid(path, made, "must be non-empty if specified")
        elif why := make.compile(made, compiling.STRING, asks=False).error:
            yield field.invalid(path, made, why)
    if message and not message.strip():
        yield field.invalid(at.path.child("message"), message, "message must be non-empty if specified")
    elif {"\n", "\r"} & set(message.strip()):
        yield field.invalid(at.path.child("message"), message, "message must not contain line breaks")
    if (reason := at.get("reason")) is not None and reason not in _REASONS:
        yield field.unsupported(at.path.child("reason"), reason, _REASONS)


def _annotations(at: rules.At, make: Composer) -> Iterator[field.Error]:
    given: list[Json] = at.value or []
    if len(given) > _MOST_ANNOTATIONS:
        yield field.invalid(at.path, given, f"must not have more than {_MOST_ANNOTATIONS} auditAnnotations")
    seen: set[str] = set()
    for place in at.items():
        yield from _annotation(place, make)
        if (key := place.get("key") or "") in seen:
            yield field.duplicate(place.path.child("key"), key)
        seen.add(key)


def _annotation(at: rules.At, make: Composer) -> Iterator[field.Error]:
    key, expression = at.get("key") or "", (at.get("valueExpression") or "").strip()
    path = at.path.child("valueExpression")
    if policy := at.inside("policy").get("metadata", "name"):
        whole = f"{policy}/{key}"
        yield from (field.invalid(at.path.child("key"), whole, why) for why in names.qualified(whole))
    else:
        yield field.invalid(at.path.child("key"), key, "requires metadata.name be non-empty")
    if not expression:
        yield field.required(path, "valueExpression is not specified")
    elif len(expression.encode()) > _LONGEST_VALUE:
        yield field.required(path, f"must not exceed {_LONGEST_VALUE} bytes in length")
    elif why := make.compile(expression, compiling.TEXT_OR_NOTHING).error:
        yield field.invalid(path, at.get("valueExpression"), why)


def _row(item: Json, now: datetime) -> Cells:
    spec: Json = item["spec"]
    shown = (len(spec.get("validations") or ()), params.shown_kind(spec))
    return (item["metadata"]["name"], *shown, cells.age(item["metadata"], now))


def _status(at: rules.At) -> Iterator[field.Error]:
    for place in at.items():
        if not place.get("warning"):
            yield field.required(place.path.child("warning"))
        if not (place.get("fieldRef") or "").strip():
            yield field.required(place.path.child("fieldRef"))


RECORD = Resource(
    GROUP,
    "v1",
    "validatingadmissionpolicies",
    "ValidatingAdmissionPolicy",
    namespaced=False,
    categories=("api-extensions",),
    columns=_COLUMNS,
    row=_row,
    hooks=Hooks(default=_default, create=_create),
    rules=(
        rules.scope(
            "policy",
            rules.field(
                "spec",
                rules.field("failurePolicy", rules.one_of("Fail", "Ignore")),
                rules.optional("paramKind", params.kind),
                match_constraints,
                rules.optional(
                    "matchConstraints",
                    *matching.RESOURCES,
                    rules.field("resourceRules", rules.asks_nothing(resource_rules)),
                ),
                conditions,
                _expressions,
            ),
        ),
    ),
    status_rules=(rules.field("status", rules.field("typeChecking", rules.field("expressionWarnings", _status))),),
    has_status=True,
    counts_generations=True,
    unconditional_update=False,
)
