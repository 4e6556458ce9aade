"""What a node tells people about a pod: events, with the part of the pod that they are about.

The field paths are the kubelet's: `spec.containers{web}`, `spec.initContainers{migrate}`.
"""

from podvisor import sdk
from podvisor.node import objects
from podvisor.node.host import Node


def normal(node: Node, pod: objects.Pod, reason: str, message: str, container: str = "") -> None:
    """Something went as it should."""
    node.events.normal(sdk.kinds.PODS, pod, reason, message, _field(pod, container))


def warning(node: Node, pod: objects.Pod, reason: str, message: str, container: str = "") -> None:
    """Something is in the way."""
    node.events.warning(sdk.kinds.PODS, pod, reason, message, _field(pod, container))


def _field(pod: objects.Pod, container: str) -> str:
    if not container:
        return ""
    kind = "containers" if any(one.name == container for one in pod.spec.containers) else "initContainers"
    return f"spec.{kind}{{{container}}}"
