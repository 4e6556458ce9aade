"""Rules for security contexts, of pods and of containers."""

import re
from collections.abc import Iterator

from podvisor.types import field, formats, names, rules
from podvisor.types.field import Error

_SYSCTL = r"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"
_SYSCTL_LENGTH = 253
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_LARGEST_ID = 2**31 - 1
_LOCALHOST = rules.equals("type", "Localhost")


def _sysctl(value: str) -> Iterator[str]:
    if len(value) > _SYSCTL_LENGTH or not re.match(_SYSCTL, value):
        yield f"must have at most {_SYSCTL_LENGTH} characters and match regex {_SYSCTL}"


def _unpadded(value: str) -> Iterator[str]:
    if value != value.strip():
        yield "must not be padded with whitespace"


def _id() -> rules.Check:
    """The number of a user or group."""
    return rules.in_range(0, _LARGEST_ID)


def _profile_elsewhere(at: rules.At) -> Iterator[Error]:
    """The error shows the profile that says so, not the field."""
    if at.get("type") != "Localhost" and "localhostProfile" in at.mapping():
        detail = "can only be set when seccomp type is Localhost"
        yield field.invalid(at.path.child("localhostProfile"), at.value, detail)


_SECCOMP = rules.optional(
    "seccompProfile",
    rules.field("type", rules.required("type is required when seccompProfile is set"), rules.one_of(*_PROFILES)),
    rules.when(
        _LOCALHOST,
        rules.field(
            "localhostProfile",
            rules.required("must be set when seccomp type is Localhost"),
            rules.matches(formats.descending),
        ),
    ),
    _profile_elsewhere,
)
_APP_ARMOR = rules.optional(
    "appArmorProfile",
    rules.when(
        _LOCALHOST,
        rules.field(
            "localhostProfile",
            rules.required("must be set when AppArmor type is Localhost"),
            rules.matches(_unpadded),
            rules.max_bytes(4095),
        ),
    ),
    rules.when(
        rules.equals("type", "RuntimeDefault", "Unconfined"),
        rules.field("localhostProfile", rules.invalid("can only be set when AppArmor type is Localhost")),
    ),
    rules.field("type", rules.required("type is required when appArmorProfile is set"), rules.one_of(*_PROFILES)),
)
_WINDOWS = rules.optional("windowsOptions", rules.field("gmsaCredentialSpecName", rules.matches(names.dns_subdomain)))


def _process_namespace(at: rules.At) -> Iterator[Error]:
    if at.get("shareProcessNamespace") and at.get("hostPID"):
        path = at.path.child("securityContext", "shareProcessNamespace")
        yield field.invalid(path, True, "ShareProcessNamespace and HostPID cannot both be enabled")


def _escalation(at: rules.At) -> Iterator[Error]:
    if at.get("allowPrivilegeEscalation") is not False:
        return
    if at.get("privileged"):
        detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        yield field.invalid(at.path, at.value, detail)
    if "CAP_SYS_ADMIN" in at.listed("capabilities", "add"):
        detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        yield field.invalid(at.path, at.value, detail)


def _unmasked(at: rules.At) -> Iterator[Error]:
    if at.value == "Unmasked" and at.inside("pod").get("hostUsers") is not False:
        yield field.invalid(at.path, at.value, "`hostUsers` must be false to use `Unmasked`")


OF_POD = (
    rules.optional(
        "securityContext",
        *(rules.field(name, _id()) for name in ("fsGroup", "runAsUser", "runAsGroup")),
        rules.field("supplementalGroups", rules.each(_id())),
    ),
    _process_namespace,
    rules.optional(
        "securityContext",
        rules.field(
            "sysctls",
            rules.each(rules.field("name", rules.required(), rules.matches(_sysctl))),
            rules.unique_by("name"),
        ),
        rules.field("fsGroupChangePolicy", rules.one_of("Always", "OnRootMismatch")),
        _SECCOMP,
        _WINDOWS,
        _APP_ARMOR,
        rules.field("supplementalGroupsPolicy", rules.one_of("Merge", "Strict")),
        rules.field("seLinuxChangePolicy", rules.one_of("MountOption", "Recursive")),
    ),
)
OF_CONTAINER = rules.optional(
    "securityContext",
    *(rules.field(name, _id()) for name in ("runAsUser", "runAsGroup")),
    rules.field("procMount", rules.one_of("Default", "Unmasked"), _unmasked),
    _SECCOMP,
    _escalation,
    _WINDOWS,
    _APP_ARMOR,
)
