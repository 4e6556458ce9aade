"""What a policy's expressions come to about one change and parameter (apiserver `policy/validating/validator.go`)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from podvisor.apiserver import expressions, objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.expressions import Scope
from podvisor.apiserver.policies.compiling import Expression, Policy, Validation
from podvisor.apiserver.policies.variables import Variables
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.webhooks import reviews
from podvisor.types import cel

SPENT = "validation failed due to running out of cost budget, no further validation rules will be run"
BUDGET = cel.PER_REQUEST
"""What the validations of a policy, and again its annotations, may spend together."""
_LONGEST_MESSAGE = 5 * 1024
_NAMESPACE_FIELDS = frozenset(
    {
        *("name", "generateName", "uid", "resourceVersion", "generation", "labels", "annotations", "finalizers"),
        *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
    }
)


@dataclass(frozen=True, slots=True)
class Denial:
    """A policy is against the change."""

    message: str
    reason: str = ""
    is_failure: bool = False
    """True if the policy came to no result."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy says."""

    denials: Sequence[tuple[int, Denial]] = ()
    """By the position of the validation."""
    annotations: Sequence[tuple[str, str]] = ()
    failures: Sequence[Denial] = ()
    """Annotations that came to no result, which refuses whatever the binding wants."""


class Failure(Exception):
    """An expression came to no result, and why."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy is asked about."""

    change: Change
    view: View
    activation: Json
    """The variables that all expressions have, by name."""


async def situation(change: Change, view: View, wanted: Resource, param: Json | None) -> Situation:
    """The change, seen as one of `wanted`."""
    request = await reviews.request(change, wanted, view)
    activation = {
        "object": request["object"],
        "oldObject": request["oldObject"],
        "request": {name: value for name, value in request.items() if name not in ("uid", "object", "oldObject")},
        "params": param,
        "namespaceObject": await _namespace(change, view),
    }
    return Situation(change, view, activation)


async def _namespace(change: Change, view: View) -> Json | None:
    if not change.namespace or change.resource.plural == "namespaces":
        return None
    namespaces = view.catalogue.get("", "v1", "namespaces")
    item = objects.decode(namespaces, await view.storage.get(namespaces, "", change.namespace))
    shown = {name: value for name, value in item["metadata"].items() if name in _NAMESPACE_FIELDS}
    return {"metadata": shown, "spec": item.get("spec") or {}, "status": item.get("status") or {}}


def scope(policy: Variables, about: Situation, budget: int | None = None) -> Scope:
    """What some expressions of a policy may spend together."""
    return Scope(about.view.authorizer, about.change, cel.Budget(BUDGET if budget is None else budget), composed=policy)


async def evaluate(policy: Policy, about: Situation) -> Outcome:
    """What the policy says, its match conditions included."""
    variables = Variables(policy.variables)
    try:
        if not await conditions_hold(policy.conditions, variables, about):
            return Outcome()
        denials = [one async for one in _denials(policy, variables, about)]
        annotations, failures = await _annotations(policy, variables, about)
    except Failure as failure:
        denials = [] if policy.ignores_failures else [(0, Denial(str(failure), is_failure=True))]
        return Outcome(denials)
    return Outcome(denials, annotations, failures)


async def conditions_hold(given: Sequence[tuple[str, Expression]], variables: Variables, about: Situation) -> bool:
    """True if all match conditions are. One that is false decides, whatever becomes of the others. Raises Failure."""
    if not given:
        return True
    scope_ = scope(variables, about, cel.PER_REQUEST // 4)
    without_namespace = replace(about, activation=about.activation | {"namespaceObject": None})
    failures: list[str] = []
    for _, condition in given:
        try:
            if await result(condition, without_namespace, scope_) is False:
                return False
        except _Wrong as error:
            failures.append(str(error))
    if failures:
        failures = list(dict.fromkeys(failures))
        raise Failure(failures[0] if len(failures) == 1 else f"[{', '.join(failures)}]")
    return True


async def _denials(policy: Policy, variables: Variables, about: Situation) -> AsyncIterator[tuple[int, Denial]]:
    scope_ = scope(variables, about)
    for position, validation in enumerate(policy.validations):
        try:
            holds = await result(validation.holds, about, scope_)
        except _Wrong as error:
            if not policy.ignores_failures:
                yield position, Denial(str(error), is_failure=True)
            continue
        if holds is not True:
            yield position, Denial(await _message(validation, about, scope_), validation.reason)


async def _message(validation: Validation, about: Situation, scope_: Scope) -> str:
    if validation.message_expression is not None:
        try:
            found = await result(validation.message_expression, about, scope_)
        except Failure as failure:
            raise Failure(f"failed messageExpression: {failure}") from None
        except _Wrong:
            found = ""
        text = found.strip() if isinstance(found, str) else ""
        if text and len(text.encode()) <= _LONGEST_MESSAGE and "\n" not in text:
            return text
    return validation.message or f"failed expression: {validation.holds.source.strip()}"


async def _annotations(
    policy: Policy, variables: Variables, about: Situation
) -> tuple[Sequence[tuple[str, str]], Sequence[Denial]]:
    scope_ = scope(variables, about)
    found: list[tuple[str, str]] = []
    failures: list[Denial] = []
    for key, expression in policy.annotations:
        try:
            value = await result(expression, about, scope_)
        except _Wrong as error:
            if not policy.ignores_failures:
                failures.append(Denial(str(error), is_failure=True))
            continue
        if isinstance(value, str) and (text := value.strip()):
            found.append((key, text))
    return found, failures


class _Wrong(Exception):
    """This expression came to no result; others may."""


async def result(expression: Expression, about: Situation, scope_: Scope) -> Any:
    """What an expression comes to. Raises _Wrong, and Failure once the budget of all is spent."""
    if expression.program is None:
        raise _Wrong(f"compilation error: {expression.error}")
    try:
        return await expressions.evaluate(expression.program, about.activation, scope_)
    except cel.EvaluationError as error:
        if scope_.budget.remaining < 0:
            raise Failure(SPENT) from None
        raise _Wrong(f"expression '{expression.source}' resulted in error: {error}") from None
