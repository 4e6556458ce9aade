"""A container's variables, command and arguments.

https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from podvisor.node.errors import Unresolvable
from podvisor.node.sources import Sources
from podvisor.node.states import Json
from podvisor.types import quantity

_REFERENCE = re.compile(r"\$(?:(\$)|\(([^()]*)\))")
_SUBSCRIPT = re.compile(r"metadata\.(labels|annotations)\['(.+)'\]")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a pod can ask about itself (`fieldRef` and `resourceFieldRef`)."""

    pod: Json
    address: str
    host: str
    capacity: Mapping[str, str]

    def field(self, path: str) -> str:
        """The value of a field. Raises Unresolvable for one that is not offered."""
        meta, spec = self.pod["metadata"], self.pod["spec"]
        if match := _SUBSCRIPT.fullmatch(path):
            return (meta.get(match[1]) or {}).get(match[2], "")
        simple = {
            "metadata.name": meta["name"],
            "metadata.namespace": meta["namespace"],
            "metadata.uid": meta["uid"],
            "spec.nodeName": spec["nodeName"],
            "spec.serviceAccountName": spec.get("serviceAccountName", ""),
            "status.podIP": self.address,
            "status.podIPs": self.address,
            "status.hostIP": self.host,
            "status.hostIPs": self.host,
        }
        if path in ("metadata.labels", "metadata.annotations"):
            entries = meta.get(path.removeprefix("metadata.")) or {}
            return "\n".join(f'{key}="{_quoted(value)}"' for key, value in sorted(entries.items()))
        if path not in simple:
            raise Unresolvable(f"unsupported fieldPath: {path}")
        return simple[path]

    def resource(self, reference: Json, container: str) -> str:
        """A container's request or limit, or the node's capacity where it has no limit, in units of the divisor."""
        name = reference.get("containerName") or container
        spec = self.pod["spec"]
        known = {one["name"]: one for one in (*(spec.get("initContainers") or ()), *spec["containers"])}
        kind, _, what = reference["resource"].partition(".")
        resources = (known[name].get("resources") or {}).get(kind) or {}
        amount = resources.get(what) or (self.capacity.get(what, "0") if kind == "limits" else "0")
        divisor = str(reference.get("divisor") or "1")
        unit = quantity.parse("1" if divisor == "0" else divisor).milli
        return str(-(-quantity.parse(str(amount)).milli // max(unit, 1)))


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


async def variables(container: Json, facts: Facts, sources: Sources) -> dict[str, str]:
    """The variables, later ones over earlier ones. Raises Unresolvable."""
    found: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        entries = await _all(source, sources)
        prefix = source.get("prefix", "")
        found |= {prefix + name: value.decode(errors="replace") for name, value in entries.items()}
    for variable in container.get("env") or ():
        value = await _value(variable, container, facts, sources, found)
        if value is not None:
            found[variable["name"]] = value
    return found


async def _all(source: Json, sources: Sources) -> dict[str, bytes]:
    if reference := source.get("configMapRef"):
        return await sources.config_map(reference)
    return await sources.secret(source["secretRef"])


async def _value(
    variable: Json, container: Json, facts: Facts, sources: Sources, found: Mapping[str, str]
) -> str | None:
    """One variable's value; None for an optional one that is not there."""
    source = variable.get("valueFrom") or {}
    if reference := source.get("fieldRef"):
        return facts.field(reference["fieldPath"])
    if reference := source.get("resourceFieldRef"):
        return facts.resource(reference, container["name"])
    if reference := source.get("configMapKeyRef"):
        return _entry(await sources.config_map(reference), reference, "configmap")
    if reference := source.get("secretKeyRef"):
        return _entry(await sources.secret(reference), reference, "secret")
    return expand(variable.get("value", ""), found)


def _entry(entries: Mapping[str, bytes], reference: Json, kind: str) -> str | None:
    if reference["key"] in entries:
        return entries[reference["key"]].decode(errors="replace")
    if reference.get("optional"):
        return None
    raise Unresolvable(f"couldn't find key {reference['key']} in {kind} {reference.get('name', '')}")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` becomes the variable's value, `$$` a dollar; a name that is not known stays as it is."""

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return "$"
        return variables.get(match[2], match[0])

    return _REFERENCE.sub(value, text)
