"""Which bound pods a node does not run at all, and why.

A pod never gets a namespace, a device or the privileges of the machine. Such a pod is rejected as a kubelet rejects
one: its phase is Failed at once, reason and message say what it asked for, and no container is started.
"""

from dataclasses import dataclass

from podvisor.node import objects


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a pod is not run."""

    reason: str
    message: str


def refusal(pod: objects.Pod) -> Refusal | None:
    """What speaks against a pod; None if nothing does."""
    spec = pod.spec
    shared = [
        (spec.host_network, "HostNetwork", "hostNetwork", "network"),
        (spec.host_pid, "HostPID", "hostPID", "processes"),
        (spec.host_ipc, "HostIPC", "hostIPC", "IPC"),
    ]
    for wanted, reason, field, what in shared:
        if wanted:
            return Refusal(f"Unsupported{reason}", f"spec.{field}: a pod cannot share this machine's {what}")
    for one in pod.every_container:
        if one.security_context.privileged:
            why = f"container {one.name}: securityContext.privileged: nothing in a pod gets this machine's privileges"
            return Refusal("UnsupportedPrivileged", why)
    return None
