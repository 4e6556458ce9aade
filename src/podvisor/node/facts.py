"""What a pod can ask about itself: `fieldRef` and `resourceFieldRef`.

https://kubernetes.io/docs/concepts/workloads/pods/downward-api/
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from podvisor.node import objects
from podvisor.node.errors import Unresolvable
from podvisor.types import quantity

_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


@dataclass(frozen=True, slots=True)
class Facts:
    """The pod, and what the node knows of it and of itself."""

    pod: objects.Pod
    address: str
    host: str
    capacity: Mapping[str, str]

    def field(self, path: str) -> str:
        """The value of a field. Raises Unresolvable for one that is not offered."""
        meta, spec = self.pod.metadata, self.pod.spec
        maps = {"labels": meta.labels, "annotations": meta.annotations}
        if match := _SUBSCRIPT.fullmatch(path):
            return maps[match[1]].get(match[2], "")
        if path.startswith("metadata.") and (name := path.removeprefix("metadata.")) in maps:
            return "\n".join(f'{key}="{_quoted(value)}"' for key, value in sorted(maps[name].items()))
        simple = {
            "metadata.name": meta.name,
            "metadata.namespace": meta.namespace,
            "metadata.uid": meta.uid,
            "spec.nodeName": spec.node_name,
            "spec.serviceAccountName": spec.service_account_name,
            "status.podIP": self.address,
            "status.podIPs": self.address,
            "status.hostIP": self.host,
            "status.hostIPs": self.host,
        }
        if path not in simple:
            raise Unresolvable(f"unsupported fieldPath: {path}")
        return simple[path]

    def resource(self, wanted: objects.ResourceReference, container: str) -> str:
        """A request or limit in units of the divisor, rounded up; the node's capacity for a limit that is not set."""
        kind, _, what = wanted.resource.partition(".")
        described = self.pod.container(wanted.container_name or container).resources
        amounts = described.limits if kind == "limits" else described.requests
        amount = amounts.get(what) or (self.capacity.get(what, "0") if kind == "limits" else "0")
        divisor = str(wanted.divisor or "1")
        unit = quantity.parse("1" if divisor == "0" else divisor).milli
        return str(-(-quantity.parse(str(amount)).milli // max(unit, 1)))


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
