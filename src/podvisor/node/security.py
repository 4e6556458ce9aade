"""Who a container's processes are (securityContext).

https://kubernetes.io/docs/tasks/configure-pod-container/security-context/
"""

from dataclasses import dataclass

from podvisor.node import objects
from podvisor.node.errors import Unresolvable


@dataclass(frozen=True, slots=True)
class Identity:
    """A process's user and groups, as the sandbox takes them."""

    user: str
    """`UID[:GID]`; empty for the image's own."""
    groups: tuple[int, ...]


def identity(pod: objects.PodSpec, container: objects.Container) -> Identity:
    """The container's own settings over the pod's. Raises Unresolvable for root where that is ruled out."""
    own, shared = container.security_context, pod.security_context
    user = shared.run_as_user if own.run_as_user is None else own.run_as_user
    group = shared.run_as_group if own.run_as_group is None else own.run_as_group
    non_root = shared.run_as_non_root if own.run_as_non_root is None else own.run_as_non_root
    if non_root and not user:
        why = "image will run as root" if user is None else "container's runAsUser breaks non-root policy"
        raise Unresolvable(f"container has runAsNonRoot and {why} (container: {container.name})")
    extra = (*shared.supplemental_groups, *(() if shared.fs_group is None else (shared.fs_group,)))
    if group is not None:
        return Identity(f"{user or 0}:{group}", extra)
    return Identity("" if user is None else str(user), extra)
