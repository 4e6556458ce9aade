"""MutatingWebhookConfiguration and ValidatingWebhookConfiguration.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
"""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds import clientconfig
from podvisor.apiserver.kinds.admissionregistration import matching, operations
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.apiserver.webhooks import conditions
from podvisor.types import field, names, rules

GROUP = "admissionregistration.k8s.io"
_REVIEWS = ("v1", "v1beta1")
_COLUMNS = (NAME, Column("Webhooks", "integer"), AGE)


def _default(item: Json) -> None:
    for hook in item.get("webhooks", ()):
        hook["failurePolicy"] = hook.get("failurePolicy") or "Fail"
        hook["matchPolicy"] = hook.get("matchPolicy") or "Equivalent"
        hook.setdefault("namespaceSelector", {})
        hook.setdefault("objectSelector", {})
        hook.setdefault("timeoutSeconds", 10)
        if item["kind"] == "MutatingWebhookConfiguration":
            hook["reinvocationPolicy"] = hook.get("reinvocationPolicy") or "Never"
        operations.default(hook.get("rules", ()))
        clientconfig.default(hook.get("clientConfig") or {})


def _client_config(at: rules.At) -> Iterator[field.Error]:
    yield from clientconfig.check(at.value, at.path)


def _name(at: rules.At) -> Iterator[field.Error]:
    name, path = at.get("name") or "", at.path.child("name")
    if not name:
        yield field.required(path)
        return
    objections = list(names.dns_subdomain(name))
    yield from (field.invalid(path, name, why) for why in objections)
    if not objections and name.count(".") < 2:
        yield field.invalid(path, name, "should be a domain with at least three segments separated by dots")


def _versions(at: rules.At) -> Iterator[field.Error]:
    given: list[str] = at.value or []
    if not given:
        yield field.required(at.path, f"must specify one of {', '.join(_REVIEWS)}")
        return
    for position, version in enumerate(given):
        if version in given[:position]:
            yield field.invalid(at.path.at(position), version, "duplicate version")
        yield from (field.invalid(at.path.at(position), version, why) for why in names.dns_1035_label(version))
    if not set(given) & set(_REVIEWS):
        detail = f"must include at least one of {', '.join(_REVIEWS)}"
        yield field.invalid_place(at.path, f"{operations.shown(given)}: {detail}")


def _side_effects(at: rules.At) -> Iterator[field.Error]:
    given, path = at.get("sideEffects"), at.path.child("sideEffects")
    if given is None:
        yield field.required(path, "must specify one of None, NoneOnDryRun")
    elif given not in ("None", "NoneOnDryRun"):
        yield field.unsupported(path, given, ("None", "NoneOnDryRun"))


def _timeout(at: rules.At) -> Iterator[field.Error]:
    if not 1 <= at.value <= 30:
        yield field.invalid(at.path, at.value, "the timeout value must be between 1 and 30 seconds")


def _conditions(at: rules.At) -> Iterator[field.Error]:
    yield from matching.conditions(at, conditions.VARIABLES)


def _unique_names(at: rules.At) -> Iterator[field.Error]:
    seen: set[str] = set()
    for position, one in enumerate(at.value):
        if (name := one.get("name") or "") in seen:
            yield field.duplicate(at.path.at(position).child("name"), name)
        seen.add(name)


_HOOK = (
    _name,
    rules.field("rules", rules.each(operations.operations)),
    rules.field("failurePolicy", rules.one_of("Fail", "Ignore")),
    rules.field("matchPolicy", rules.one_of("Equivalent", "Exact")),
    _side_effects,
    rules.field("timeoutSeconds", _timeout),
    rules.field("namespaceSelector", rules.selector()),
    rules.field("objectSelector", rules.selector()),
    rules.field("clientConfig", _client_config),
    rules.field("matchConditions", _conditions),
    rules.field("reinvocationPolicy", rules.one_of("IfNeeded", "Never")),
    rules.field("admissionReviewVersions", _versions),
)


def _row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], len(item.get("webhooks", ())), cells.age(item["metadata"], now))


def _record(plural: str, kind: str) -> Resource:
    return Resource(
        GROUP,
        "v1",
        plural,
        kind,
        namespaced=False,
        categories=("api-extensions",),
        columns=_COLUMNS,
        row=_row,
        hooks=Hooks(default=_default),
        rules=(rules.field("webhooks", _unique_names, rules.each(*_HOOK)),),
        counts_generations=True,
    )


MUTATING = _record("mutatingwebhookconfigurations", "MutatingWebhookConfiguration")
VALIDATING = _record("validatingwebhookconfigurations", "ValidatingWebhookConfiguration")
