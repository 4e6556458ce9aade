"""Asks the standards of a namespace about its pods, what makes pods, and the namespace itself.

https://kubernetes.io/docs/concepts/security/pod-security-admission/
"""

from collections.abc import Iterable, Mapping, Sequence

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.podsecurity import checks, levels
from podvisor.apiserver.podsecurity.levels import Standard, Standards
from podvisor.apiserver.podsecurity.words import Pod
from podvisor.apiserver.resource import Json
from podvisor.types import status

_TEMPLATES: Mapping[tuple[str, str], Sequence[str]] = {
    ("", "pods"): (),
    ("", "podtemplates"): ("template",),
    **dict.fromkeys(
        [("", "replicationcontrollers"), ("batch", "jobs")]
        + [("apps", name) for name in ("replicasets", "deployments", "statefulsets", "daemonsets")],
        ("spec", "template"),
    ),
    ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
}
_IGNORED = frozenset(("exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"))
_MOST_PODS = 3000
"""Pods of a namespace that are looked at when its level changes."""
_PREFIX = "pod-security.kubernetes.io/"
_IMAGES = ("containers", "initContainers", "ephemeralContainers")


async def pod_security(change: Change, view: View) -> None:
    """Raises Forbidden for a pod that its namespace does not allow, and Invalid for labels that say nothing."""
    if change.operation == "DELETE" or change.new is None:
        return
    key = (change.resource.group, change.resource.plural)
    if key == ("", "namespaces"):
        if not change.subresource:
            await _namespace(change, view, change.new)
    elif key == ("", "pods"):
        if change.subresource not in _IGNORED:
            await _pod(change, view, change.new)
    elif key in _TEMPLATES and not change.subresource:
        await _controller(change, view, change.new)


async def _pod(change: Change, view: View, new: Json) -> None:
    if _is_exempt(change, view):
        return
    standards = await _standards(change, view)
    if standards.allows_all or not _matters(new, change.old):
        return
    _evaluate(change, view, standards, Pod(new["metadata"], new["spec"]), enforced=True)


async def _controller(change: Change, view: View, new: Json) -> None:
    if _is_exempt(change, view):
        return
    standards = await _standards(change, view)
    template: Json | None = objects.dig(new, *_TEMPLATES[change.resource.group, change.resource.plural])
    if template is not None and not (standards.audit.level == standards.warn.level == "privileged"):
        pod = Pod(template.get("metadata") or {}, template.get("spec") or {})
        _evaluate(change, view, standards, pod, enforced=False)


def _evaluate(change: Change, view: View, standards: Standards, pod: Pod, *, enforced: bool) -> None:
    """Refuse, note for the audit, warn. Raises Forbidden."""
    if pod.spec.get("runtimeClassName") in view.settings.pod_security_exemptions.runtime_classes:
        change.annotations[f"{_PREFIX}exempt"] = "runtimeClass"
        return
    if found := checks.refusals(standards.audit, pod):
        violations = f'would violate PodSecurity "{standards.audit}": {checks.said(found)}'
        change.annotations[f"{_PREFIX}audit-violations"] = violations
    if enforced:
        change.annotations[f"{_PREFIX}enforce-policy"] = str(standards.enforce)
        if found := checks.refusals(standards.enforce, pod):
            why = f'violates PodSecurity "{standards.enforce}": {checks.said(found)}'
            raise status.Forbidden(why, change.resource.subject(change.name))
    if found := checks.refusals(standards.warn, pod):
        change.warnings.append(f'would violate PodSecurity "{standards.warn}": {checks.said(found)}')


def _is_exempt(change: Change, view: View) -> bool:
    exempt = view.settings.pod_security_exemptions
    if change.namespace in exempt.namespaces:
        change.annotations[f"{_PREFIX}exempt"] = "namespace"
    elif change.user.name in exempt.usernames:
        change.annotations[f"{_PREFIX}exempt"] = "user"
    else:
        return False
    return True


async def _standards(change: Change, view: View) -> Standards:
    namespaces = view.catalogue.get("", "v1", "namespaces")
    found = await view.storage.find(namespaces, "", change.namespace)
    labels = objects.labels(found) if found else {}
    standards, errors = levels.of_labels(labels, view.settings.pod_security)
    if errors:
        why = str(errors[0]) if len(errors) == 1 else f"[{', '.join(map(str, errors))}]"
        change.annotations[f"{_PREFIX}error"] = f"Failed to parse policy: {why}"
    return standards


def _matters(new: Json, old: Json | None) -> bool:
    """True if a pod is new, or runs something else than before."""
    return old is None or any(_images(new, kind) != _images(old, kind) for kind in _IMAGES)


def _images(pod: Json, kind: str) -> Sequence[tuple[str, str]]:
    return [(one["name"], one.get("image", "")) for one in pod["spec"].get(kind) or ()]


async def _namespace(change: Change, view: View, new: Json) -> None:
    labels: Mapping[str, str] = new["metadata"].get("labels") or {}
    before: Mapping[str, str] = objects.dig(change.old, "metadata", "labels") or {}
    wanted, errors = levels.of_labels(labels, view.settings.pod_security)
    had, old_errors = levels.of_labels(before, view.settings.pod_security)
    if errors and (change.old is None or errors != old_errors):
        raise status.Invalid(change.resource.as_kind(change.name), errors)
    if change.old is not None and not _is_stricter(wanted.enforce, had.enforce):
        return
    if change.name in view.settings.pod_security_exemptions.namespaces:
        change.warnings.extend(_ignored(change.name, wanted, labels, view.settings.pod_security))
    elif change.old is not None:
        pods = view.catalogue.get("", "v1", "pods")
        found = (await view.storage.all(pods, change.name)).kvs
        every = [objects.decode(pods, kv) for kv in found]
        exempt = view.settings.pod_security_exemptions.runtime_classes
        asked = [one for one in every if one["spec"].get("runtimeClassName") not in exempt]
        change.warnings.extend(existing(change.name, wanted.enforce, asked))


def _is_stricter(wanted: Standard, had: Standard) -> bool:
    """True if pods that are there may be against what is wanted now."""
    if wanted == had or wanted.level == "privileged":
        return False
    return wanted.minor != had.minor or levels.stricter(wanted.level, had.level)


def _ignored(name: str, wanted: Standards, labels: Mapping[str, str], defaults: Standards) -> Iterable[str]:
    modes = {"enforce": wanted.enforce, "audit": wanted.audit, "warn": wanted.warn}
    usual = (defaults.enforce, defaults.audit, defaults.warn)
    if wanted.allows_all or all(one.same(other) for one, other in zip(modes.values(), usual, strict=True)):
        return
    shown = [
        f"{mode}={standard}"
        for mode, standard in modes.items()
        if standard.level != "privileged" and levels.labelled(mode, labels)
    ]
    yield f'namespace "{name}" is exempt from Pod Security, and the policy ({", ".join(shown)}) will be ignored'


def existing(namespace: str, enforce: Standard, pods: Sequence[Json]) -> Sequence[str]:
    """Warnings of pods that are there and that the standard would refuse: one for each set of reasons."""
    ordered = _one_of_each_first(pods)
    found: dict[str, list[str]] = {}
    for pod in ordered[:_MOST_PODS]:
        if refused := checks.refusals(enforce, Pod(pod["metadata"], pod["spec"])):
            reasons = ", ".join(one.reason for one in refused)
            found.setdefault(reasons, []).append(pod["metadata"]["name"])
    said: list[str] = []
    if len(pods) > _MOST_PODS:
        only = f"the first {_MOST_PODS} of {len(pods)} existing pods"
        said.append(f"new PodSecurity enforce level only checked against {only}")
    if found:
        said.append(f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{enforce}"')
    return said + sorted(f"{_pods(names)}: {reasons}" for reasons, names in found.items())


def _pods(names: Sequence[str]) -> str:
    others = len(names) - 1
    more = f" (and {others} other pod{'s' if others > 1 else ''})" if others else ""
    return f"{min(names)}{more}"


def _one_of_each_first(pods: Sequence[Json]) -> Sequence[Json]:
    """Pods that somebody made himself and one of each controller; then the others."""
    seen: set[str] = set()
    first: list[Json] = []
    others: list[Json] = []
    for pod in pods:
        owners: Sequence[Json] = pod["metadata"].get("ownerReferences") or ()
        owner = next((one["uid"] for one in owners if one.get("controller")), "")
        (others if owner and owner in seen else first).append(pod)
        seen.add(owner)
    return [*first, *others]
