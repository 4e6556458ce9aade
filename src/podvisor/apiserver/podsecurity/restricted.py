"""The checks that the level restricted has beside those of baseline (k8s.io/pod-security-admission)."""

from podvisor.apiserver import objects
from podvisor.apiserver.podsecurity.baseline import PROFILES
from podvisor.apiserver.podsecurity.words import (
    Check,
    Pod,
    Refusal,
    named,
    plural,
    quoted,
    security,
    setters,
)
from podvisor.apiserver.resource import Json

_VOLUMES = frozenset(
    (
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected"),
        "secret",
    )
)
_BAD_VOLUMES = (
    *("hostPath", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "nfs", "iscsi", "glusterfs", "rbd"),
    *("flexVolume", "cinder", "cephfs", "flocker", "fc", "azureFile", "vsphereVolume", "quobyte"),
    *("azureDisk", "photonPersistentDisk", "portworxVolume", "scaleIO", "storageos"),
)


def escalation(pod: Pod) -> Refusal | None:
    """No program gets more rights than who started it."""
    bad = [one["name"] for one in pod.containers if security(one).get("allowPrivilegeEscalation") is not False]
    if not bad:
        return None
    detail = f"{named(bad)} must set securityContext.allowPrivilegeEscalation=false"
    return Refusal("allowPrivilegeEscalation != false", detail)


def capabilities(pod: Pod) -> Refusal | None:
    """All are dropped; NET_BIND_SERVICE may be had."""
    keeping: list[str] = []
    adding: list[str] = []
    wrong: set[str] = set()
    for container in pod.containers:
        given: Json = security(container).get("capabilities") or {}
        if "ALL" not in (given.get("drop") or ()):
            keeping.append(container["name"])
        if added := set(given.get("add") or ()) - {"NET_BIND_SERVICE"}:
            adding.append(container["name"])
            wrong |= added
    said: list[str] = []
    if keeping:
        said.append(f'{named(keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        said.append(f"{named(adding)} must not include {quoted(sorted(wrong))} in securityContext.capabilities.add")
    return Refusal("unrestricted capabilities", "; ".join(said)) if said else None


def volumes(pod: Pod) -> Refusal | None:
    """Volumes that the cluster itself makes."""
    bad = [one for one in pod.spec.get("volumes") or () if not any(one.get(kind) is not None for kind in _VOLUMES)]
    if not bad:
        return None
    kinds = sorted({next((kind for kind in _BAD_VOLUMES if one.get(kind) is not None), "unknown") for one in bad})
    who = f"{plural(len(bad), 'volume')} {quoted(one['name'] for one in bad)} {plural(len(bad), 'uses', 'use')}"
    return Refusal("restricted volume types", f"{who} {plural(len(kinds), 'restricted volume type')} {quoted(kinds)}")


def non_root(pod: Pod) -> Refusal | None:
    """Somebody else than root."""
    reason = "runAsNonRoot != true"
    if who := setters(pod, lambda context: context.get("runAsNonRoot") is False):
        return Refusal(reason, f"{' and '.join(who)} must not set securityContext.runAsNonRoot=false")
    if pod.security.get("runAsNonRoot"):
        return None
    silent = [one["name"] for one in pod.containers if security(one).get("runAsNonRoot") is None]
    if not silent:
        return None
    return Refusal(reason, f"pod or {named(silent)} must set securityContext.runAsNonRoot=true")


def user(pod: Pod) -> Refusal | None:
    """A user whose number is not 0."""
    who = setters(pod, lambda context: context.get("runAsUser") == 0)
    return Refusal("runAsUser=0", f"{' and '.join(who)} must not set runAsUser=0") if who else None


def seccomp(pod: Pod) -> Refusal | None:
    """Some profile."""
    bad: set[str] = set()

    def is_bad(context: Json) -> bool:
        if context.get("seccompProfile") is None or objects.dig(context, "seccompProfile", "type") in PROFILES:
            return False
        bad.add(objects.dig(context, "seccompProfile", "type") or "")
        return True

    if who := setters(pod, is_bad):
        detail = f"{' and '.join(who)} must not set securityContext.seccompProfile.type to {quoted(sorted(bad))}"
        return Refusal("seccompProfile", detail)
    if pod.security.get("seccompProfile") is not None:
        return None
    silent = [one["name"] for one in pod.containers if security(one).get("seccompProfile") is None]
    if not silent:
        return None
    wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    return Refusal("seccompProfile", f"pod or {named(silent)} {wanted}")


def _unless_windows(check: Check) -> Check:
    return lambda pod: None if pod.is_windows else check(pod)


CHECKS: dict[str, tuple[tuple[int, Check], ...]] = {
    "allowPrivilegeEscalation": ((8, escalation), (25, _unless_windows(escalation))),
    "capabilities_restricted": ((22, capabilities), (25, _unless_windows(capabilities))),
    "restrictedVolumes": ((0, volumes),),
    "runAsNonRoot": ((0, non_root),),
    "runAsUser": ((23, user),),
    "seccompProfile_restricted": ((19, seccomp), (25, _unless_windows(seccomp))),
}
"""As `baseline.CHECKS`."""
OVERRIDES = {
    "capabilities_restricted": "capabilities_baseline",
    "restrictedVolumes": "hostPathVolumes",
    "seccompProfile_restricted": "seccompProfile_baseline",
}
"""The checks of baseline in whose place they are asked."""
