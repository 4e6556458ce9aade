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


def identity(pod: objects.PodSpec, container: objects.Container, image_user: str = "") -> Identity:
    """The container's own settings over the pod's, and these over its image's. Raises Unresolvable for root where
    that is ruled out, and for a name, of which the kubelet does not know either whether it is root.
    """
    own, shared = container.security_context, pod.security_context
    user = shared.run_as_user if own.run_as_user is None else own.run_as_user
    group = shared.run_as_group if own.run_as_group is None else own.run_as_group
    non_root = shared.run_as_non_root if own.run_as_non_root is None else own.run_as_non_root
    name = image_user.partition(":")[0]
    if non_root and (why := _breaks(user, name)):
        raise Unresolvable(f"container has runAsNonRoot and {why} (container: {container.name})")
    extra = (*shared.supplemental_groups, *(() if shared.fs_group is None else (shared.fs_group,)))
    if group is not None:
        return Identity(f"{(name or 0) if user is None else user}:{group}", extra)
    return Identity(image_user if user is None else str(user), extra)


def shared_user(pod: objects.Pod) -> int | None:
    """The user that all of a pod's containers run as; None where they differ or one does not say (`FsUserFrom`)."""
    shared = pod.spec.security_context.run_as_user
    own = (one.security_context.run_as_user for one in pod.every_container)
    users = {shared if one is None else one for one in own}
    return users.pop() if len(users) == 1 else None


def _breaks(user: int | None, name: str) -> str:
    """Why a container might be root, in the kubelet's words; empty where it is not."""
    if user is not None:
        return "" if user else "container's runAsUser breaks non-root policy"
    if name and not name.isdecimal():
        return f"image has non-numeric user ({name}), cannot verify user is non-root"
    return "" if name and int(name) else "image will run as root"
