"""A container's variables, and their references in commands and arguments.

https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

import re
from collections.abc import Mapping

from podvisor.node import objects
from podvisor.node.errors import Unresolvable
from podvisor.node.facts import Facts
from podvisor.node.sources import Entries, Sources

_REFERENCE = re.compile(r"\$(?:(\$)|\(([^()]*)\))")


async def variables(container: objects.Container, facts: Facts, sources: Sources) -> dict[str, str]:
    """The variables, later ones over earlier ones. Raises Unresolvable."""
    found: dict[str, str] = {}
    for source in container.env_from:
        entries = await _all(source, sources)
        found |= {source.prefix + name: value.decode(errors="replace") for name, value in entries.items()}
    for variable in container.env:
        value = await _value(variable, container, facts, sources)
        if value is None:
            value = expand(variable.value, found) if variable.value_from is None else None
        if value is not None:
            found[variable.name] = value
    return found


async def _all(source: objects.VariablesSource, sources: Sources) -> Entries:
    if (wanted := source.config_map_ref) is not None:
        return await sources.config_map(wanted.name, optional=wanted.optional)
    if (wanted := source.secret_ref) is not None:
        return await sources.secret(wanted.name, optional=wanted.optional)
    return {}


async def _value(
    variable: objects.Variable, container: objects.Container, facts: Facts, sources: Sources
) -> str | None:
    """What a variable's source says; None without one, and where what is optional is not there."""
    source = variable.value_from or objects.VariableSource()
    if (field := source.field_ref) is not None:
        return facts.field(field.field_path)
    if (resource := source.resource_field_ref) is not None:
        return facts.resource(resource, container.name)
    if (key := source.config_map_key_ref) is not None:
        return _entry(await sources.config_map(key.name, optional=key.optional), key, "ConfigMap", facts)
    if (key := source.secret_key_ref) is not None:
        return _entry(await sources.secret(key.name, optional=key.optional), key, "Secret", facts)
    return None


def _entry(entries: Entries, wanted: objects.KeyReference, kind: str, facts: Facts) -> str | None:
    if wanted.key in entries:
        return entries[wanted.key].decode(errors="replace")
    if wanted.optional:
        return None
    raise Unresolvable(f"couldn't find key {wanted.key} in {kind} {facts.pod.metadata.namespace}/{wanted.name}")


def expand(text: str, variables: Mapping[str, str]) -> str:
    """`$(NAME)` becomes the variable's value, `$$` a dollar; a name that is not known stays as it is."""

    def value(match: re.Match[str]) -> str:
        return "$" if match[1] else variables.get(match[2], match[0])

    return _REFERENCE.sub(value, text)
