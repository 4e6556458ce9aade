"""The admission plugin ValidatingAdmissionPolicy: asks every policy that is bound to a change.

https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/ ; words and codes are those of
apiserver `policy/validating/dispatcher.go`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from podvisor.apiserver.admission.chain import Change, View, with_old
from podvisor.apiserver.policies import compiling, evaluation, matching, parameters
from podvisor.apiserver.policies.compiling import Policy
from podvisor.apiserver.policies.evaluation import Denial, Outcome
from podvisor.apiserver.policies.parameters import Misconfigured
from podvisor.apiserver.resource import Json, Resource
from podvisor.types import status

_GROUP = "admissionregistration.k8s.io"
_FAILURE_ANNOTATION = "validation.policy.admission.k8s.io/validation_failure"
_LONGEST_ANNOTATION = 10 * 1024
_CODES: Mapping[str, int] = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413, "Invalid": 422}


@dataclass(slots=True)
class _Verdict:
    """What all policies have said so far."""

    denied: list[str] = field(default_factory=list[str])
    reasons: list[str] = field(default_factory=list[str])

    def deny(self, policy: str, binding: str, denial: Denial) -> None:
        bound = f" with binding '{binding}'" if binding else ""
        self.denied.append(f"ValidatingAdmissionPolicy '{policy}'{bound} denied request: {denial.message}")
        self.reasons.append(denial.reason or "Invalid")


class Denied(status.Forbidden):
    """A policy refused; the reason is its own."""

    def __init__(self, message: str, reason: str, subject: status.Subject) -> None:
        super().__init__(message, subject, [status.Cause("", message)])
        self.reason = reason
        self.code = _CODES.get(reason, 422)


async def validating(change: Change, view: View) -> None:
    """Ask all policies. Raises Denied with what the first said that is against the change."""
    if matching.is_exempt(change):
        return
    stored = await view.storage.all(view.catalogue.get(_GROUP, "v1", "validatingadmissionpolicies"))
    if not stored.kvs:
        return
    bindings = await _bindings(view)
    change = await with_old(change, view)
    verdict = _Verdict()
    for kv in stored.kvs:
        policy = compiling.validating(kv.value)
        await _ask(policy, bindings.get(policy.name, ()), change, view, verdict)
    if verdict.denied:
        subject = change.resource.subject(change.name)
        raise Denied(verdict.denied[0], verdict.reasons[0], subject)


async def _bindings(view: View) -> Mapping[str, Sequence[Json]]:
    """All bindings, by the policy that they name."""
    found: dict[str, list[Json]] = defaultdict(list)
    stored = await view.storage.all(view.catalogue.get(_GROUP, "v1", "validatingadmissionpolicybindings"))
    for kv in stored.kvs:
        binding: Json = orjson.loads(kv.value)
        found[binding["spec"]["policyName"]].append(binding)
    return found


async def _ask(policy: Policy, bindings: Sequence[Json], change: Change, view: View, verdict: _Verdict) -> None:
    if not bindings:
        return
    wanted = await matching.version_for(policy.spec.get("matchConstraints") or {}, change, view)
    if wanted is None:
        return
    try:
        kind = parameters.resource_of(policy.spec, view)
    except Misconfigured as error:
        if not policy.ignores_failures:
            verdict.deny(policy.name, "", Denial(f"failed to configure policy: {error}"))
        return
    annotations: dict[str, list[str]] = defaultdict(list)
    for binding in bindings:
        bound = _Bound(policy, binding, wanted, kind)
        await _ask_bound(bound, change, view, verdict, annotations)
    for key, values in annotations.items():
        change.annotations[f"{policy.name}/{key}"] = ", ".join(dict.fromkeys(values))


@dataclass(frozen=True, slots=True)
class _Bound:
    """A policy in one of its bindings."""

    policy: Policy
    binding: Json
    wanted: Resource
    """The version in which it sees the object."""
    kind: Resource | None
    """Of its parameters."""

    @property
    def name(self) -> str:
        return self.binding["metadata"]["name"]


async def _ask_bound(
    bound: _Bound, change: Change, view: View, verdict: _Verdict, annotations: dict[str, list[str]]
) -> None:
    spec: Json = bound.binding["spec"]
    if (given := spec.get("matchResources")) and await matching.version_for(given, change, view) is None:
        return
    try:
        params = await parameters.collect(bound.kind, spec, change, view)
    except Misconfigured as error:
        if not bound.policy.ignores_failures:
            verdict.deny(bound.policy.name, bound.name, Denial(f"failed to configure binding: {error}"))
        return
    for param in params:
        about = await evaluation.situation(change, view, bound.wanted, param)
        outcome = await evaluation.evaluate(bound.policy, about)
        _act(bound, outcome, change, verdict)
        for key, value in outcome.annotations:
            annotations[key].append(value[:_LONGEST_ANNOTATION])


def _act(bound: _Bound, outcome: Outcome, change: Change, verdict: _Verdict) -> None:
    """Do with an outcome what the binding says."""
    policy, actions = bound.policy.name, bound.binding["spec"].get("validationActions") or ()
    for position, denial in outcome.denials:
        for action in actions:
            if action == "Deny":
                verdict.deny(policy, bound.name, denial)
            elif action == "Warn":
                about = f"ValidatingAdmissionPolicy '{policy}' with binding '{bound.name}'"
                change.warnings.append(f"Validation failed for {about}: {denial.message}")
            elif action == "Audit":
                change.annotations[_FAILURE_ANNOTATION] = _failure(bound, position, denial)
    for denial in outcome.failures:
        verdict.deny(policy, bound.name, denial)


def _failure(bound: _Bound, position: int, denial: Denial) -> str:
    """A failure as an audit event has it."""
    failure = {
        "message": denial.message,
        "policy": bound.policy.name,
        "binding": bound.name,
        "expressionIndex": position,
        "validationActions": bound.binding["spec"].get("validationActions"),
    }
    return orjson.dumps([failure]).decode()
