"""ValidatingAdmissionPolicyBinding: where a policy holds, with which parameters, and what becomes of its verdict.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.admissionregistration import matching, operations, params
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, rules

_ACTIONS = ("Audit", "Deny", "Warn")
COLUMNS = (NAME, Column("PolicyName"), Column("ParamRef"), AGE)


def default(item: Json) -> None:
    """What a binding leaves out."""
    matching.default(item.setdefault("spec", {}).get("matchResources"))


def _actions(at: rules.At) -> Iterator[field.Error]:
    given: list[str] = at.value or []
    for position, action in enumerate(given):
        if action not in _ACTIONS:
            yield field.unsupported(at.path.at(position), action, _ACTIONS)
        if action in given[:position]:
            yield field.duplicate(at.path.at(position), action)
    if "Deny" in given and "Warn" in given:
        why = "must not contain both Deny and Warn (repeating the same validation failure information in the API"
        shown = operations.shown(given, "admissionregistration.ValidationAction")
        yield field.invalid_place(at.path, f"{shown}: {why} response and headers serves no purpose)")
    if not given:
        yield field.required(at.path, "at least one validation action is required")


def row(item: Json, now: datetime) -> Cells:
    """A line of a table of bindings."""
    spec: Json = item["spec"]
    shown = (spec.get("policyName", ""), params.shown_reference(spec))
    return (item["metadata"]["name"], *shown, cells.age(item["metadata"], now))


BINDING = (
    rules.field("policyName", rules.required(), rules.matches(names.dns_subdomain)),
    rules.optional("paramRef", params.reference),
    rules.optional("matchResources", *matching.RESOURCES),
)
"""Rules that bindings of all policies have."""
RECORD = Resource(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicybindings",
    "ValidatingAdmissionPolicyBinding",
    namespaced=False,
    categories=("api-extensions",),
    columns=COLUMNS,
    row=row,
    hooks=Hooks(default=default),
    rules=(rules.field("spec", *BINDING, rules.field("validationActions", rules.asks_nothing(_actions))),),
    counts_generations=True,
    unconditional_update=False,
)
