"""The checks of the level baseline (k8s.io/pod-security-admission `policy/check_*.go`)."""

from podvisor.apiserver import objects
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

_CAPABILITIES = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"),
        *("SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
_SYSCTLS = (
    *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies"),
    *("net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start"),
)
_SYSCTLS_27 = (*_SYSCTLS, "net.ipv4.ip_local_reserved_ports")
_SYSCTLS_29 = (
    *(*_SYSCTLS_27, "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout"),
    *("net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"),
)
_SYSCTLS_32 = (*_SYSCTLS_29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")
_SELINUX = ("", "container_t", "container_init_t", "container_kvm_t")
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
PROFILES = ("RuntimeDefault", "Localhost")
"""Profiles that confine."""


def apparmor(pod: Pod) -> Refusal | None:
    """Nobody turns AppArmor off."""
    bad: set[str] = set()

    def is_bad(context: Json) -> bool:
        kind = objects.dig(context, "appArmorProfile", "type")
        if context.get("appArmorProfile") is None or kind in PROFILES:
            return False
        bad.add(kind or "")
        return True

    who = list(setters(pod, is_bad))
    annotations = sorted(
        f'{name}="{value}"'
        for name, value in pod.annotations.items()
        if name.startswith(_APPARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    )
    if annotations:
        who.append(plural(len(annotations), "annotation"))
    if not who:
        return None
    values = [*sorted(bad), *annotations]
    reason = plural(len(values), "forbidden AppArmor profile")
    return Refusal(reason, f"{' and '.join(who)} must not set AppArmor profile type to {quoted(values)}")


def capabilities(pod: Pod) -> Refusal | None:
    """Nothing beside what containers have by default."""
    bad: list[str] = []
    wrong: set[str] = set()
    for container in pod.containers:
        added = set(objects.dig(security(container), "capabilities", "add") or ()) - _CAPABILITIES
        if added:
            bad.append(container["name"])
            wrong |= added
    if not bad:
        return None
    detail = f"{named(bad)} must not include {quoted(sorted(wrong))} in securityContext.capabilities.add"
    return Refusal("non-default capabilities", detail)


def host_namespaces(pod: Pod) -> Refusal | None:
    """Namespaces of its own."""
    shared = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(name)]
    return Refusal("host namespaces", ", ".join(shared)) if shared else None


def host_paths(pod: Pod) -> Refusal | None:
    """No directory of the node."""
    bad = [one["name"] for one in pod.spec.get("volumes") or () if one.get("hostPath") is not None]
    return Refusal("hostPath volumes", f"{plural(len(bad), 'volume')} {quoted(bad)}") if bad else None


def host_ports(pod: Pod) -> Refusal | None:
    """No port of the node."""
    bad: list[str] = []
    ports: set[str] = set()
    for container in pod.containers:
        found = {str(port["hostPort"]) for port in container.get("ports") or () if port.get("hostPort")}
        if found:
            bad.append(container["name"])
            ports |= found
    if not bad:
        return None
    uses = f"{plural(len(bad), 'uses', 'use')} {plural(len(ports), 'hostPort')}"
    return Refusal("hostPort", f"{named(bad)} {uses} {', '.join(sorted(ports))}")


def privileged(pod: Pod) -> Refusal | None:
    """No container has the node's own rights."""
    bad = [one["name"] for one in pod.containers if security(one).get("privileged")]
    return Refusal("privileged", f"{named(bad)} must not set securityContext.privileged=true") if bad else None


def proc_mount(pod: Pod) -> Refusal | None:
    """/proc as it is by default."""
    bad: list[str] = []
    kinds: set[str] = set()
    for container in pod.containers:
        if (kind := security(container).get("procMount")) not in (None, "Default"):
            bad.append(container["name"])
            kinds.add(kind)
    if not bad:
        return None
    return Refusal("procMount", f"{named(bad)} must not set securityContext.procMount to {quoted(sorted(kinds))}")


def seccomp_annotations(pod: Pod) -> Refusal | None:
    """Before 1.19 profiles were annotations."""
    names = [_SECCOMP_POD, *(f"{_SECCOMP_CONTAINER}{one['name']}" for one in pod.containers)]
    bad = {
        f'{name}="{value}"'
        for name in names
        if (value := pod.annotations.get(name)) is not None
        and value not in ("runtime/default", "docker/default")
        and not value.startswith("localhost/")
    }
    if not bad:
        return None
    return Refusal("seccompProfile", f"forbidden {plural(len(bad), 'annotation')} {', '.join(sorted(bad))}")


def seccomp(pod: Pod) -> Refusal | None:
    """Nobody turns seccomp off."""
    bad: set[str] = set()

    def is_bad(context: Json) -> bool:
        if (profile := context.get("seccompProfile")) is None or profile.get("type") in PROFILES:
            return False
        bad.add(profile.get("type") or "")
        return True

    if not (who := setters(pod, is_bad)):
        return None
    detail = f"{' and '.join(who)} must not set securityContext.seccompProfile.type to {quoted(sorted(bad))}"
    return Refusal("seccompProfile", detail)


def selinux(*more: str) -> Check:
    """Types for containers, `more` among them; no user or role."""
    allowed = (*_SELINUX, *more)

    def check(pod: Pod) -> Refusal | None:
        types: set[str] = set()
        named_: set[str] = set()

        def is_bad(context: Json) -> bool:
            options: Json = context.get("seLinuxOptions") or {}
            wrong = {options.get("type") or ""} - set(allowed)
            given = {name for name in ("user", "role") if options.get(name)}
            types.update(wrong)
            named_.update(given)
            return bool(wrong or given)

        if not (who := setters(pod, is_bad)):
            return None
        said = [f"{plural(len(types), 'type')} {quoted(sorted(types))}"] if types else []
        said += [f"{name} may not be set" for name in ("user", "role") if name in named_]
        detail = f"{' and '.join(who)} set forbidden securityContext.seLinuxOptions: {'; '.join(said)}"
        return Refusal("seLinuxOptions", detail)

    return check


def _sysctls(allowed: tuple[str, ...]) -> Check:
    def check(pod: Pod) -> Refusal | None:
        bad = [one["name"] for one in pod.security.get("sysctls") or () if one["name"] not in allowed]
        return Refusal("forbidden sysctls", ", ".join(bad)) if bad else None

    return check


def windows_host_process(pod: Pod) -> Refusal | None:
    """No process of the node's own."""

    def is_bad(context: Json) -> bool:
        return bool(objects.dig(context, "windowsOptions", "hostProcess"))

    if not (who := setters(pod, is_bad)):
        return None
    return Refusal("hostProcess", f"{' and '.join(who)} must not set securityContext.windowsOptions.hostProcess=true")


CHECKS: dict[str, tuple[tuple[int, Check], ...]] = {
    "appArmorProfile": ((0, apparmor),),
    "capabilities_baseline": ((0, capabilities),),
    "hostNamespaces": ((0, host_namespaces),),
    "hostPathVolumes": ((0, host_paths),),
    "hostPorts": ((0, host_ports),),
    "privileged": ((0, privileged),),
    "procMount": ((0, proc_mount),),
    "seLinuxOptions": ((0, selinux()), (31, selinux("container_engine_t"))),
    "seccompProfile_baseline": ((0, seccomp_annotations), (19, seccomp)),
    "sysctls": tuple(
        (minor, _sysctls(allowed))
        for minor, allowed in ((0, _SYSCTLS), (27, _SYSCTLS_27), (29, _SYSCTLS_29), (32, _SYSCTLS_32))
    ),
    "windowsHostProcess": ((0, windows_host_process),),
}
"""By their ids, in the order in which they are asked: from which minor version on they are as they are."""
