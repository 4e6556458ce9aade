"""Which objects of a resource a list, watch or deletecollection is about."""

from dataclasses import dataclass

from podvisor.apiserver import objects
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Resource
from podvisor.apiserver.state import State
from podvisor.store.backend import prefix_end
from podvisor.types import selectors, status
from podvisor.types.selectors import Selector


@dataclass(frozen=True, slots=True)
class Selection:
    """A range of keys, and what an object in it must look like."""

    resource: Resource
    start: bytes
    end: bytes | None
    labels: Selector
    fields: Selector

    @property
    def is_plain(self) -> bool:
        """True if every object in the range is selected."""
        return not self.labels and not self.fields

    def holds(self, state: State) -> bool:
        """True if an object in the range is selected."""
        if self.is_plain:
            return True
        if self.labels and not self.labels.matches(state.labels):
            return False
        return not self.fields or self.fields.matches(self._field_values(state))

    def covers(self, key: bytes) -> bool:
        """True if `key` is in the range."""
        return key == self.start if self.end is None else self.start <= key < self.end

    def _field_values(self, state: State) -> dict[str, str]:
        return {requirement.key: state.field(requirement.key) for requirement in self.fields.requirements}


def of(call: Call, resource: Resource) -> Selection:
    """What the request selects. Raises BadRequest for a selector that makes no sense."""
    try:
        labels = selectors.parse(call.query.get("labelSelector", ""))
        fields = selectors.parse_fields(call.query.get("fieldSelector", ""))
    except selectors.BadSelector as error:
        raise status.BadRequest(str(error)) from None
    for requirement in fields.requirements:
        _check_field(resource, requirement.key)
    name = call.target.name or fields.exact("metadata.name")
    namespace = call.target.namespace or fields.exact("metadata.namespace") or ""
    if name and (namespace or not resource.namespaced):
        return Selection(resource, objects.key(resource, namespace, name), None, labels, fields)
    prefix = objects.prefix(resource, namespace)
    return Selection(resource, prefix, prefix_end(prefix), labels, fields)


def _check_field(resource: Resource, name: str) -> None:
    if name in ("metadata.name", "metadata.namespace") or name in resource.fields:
        return
    raise status.BadRequest(f"field label not supported: {name}")


def equal_fields(text: str) -> tuple[tuple[str, str], ...]:
    """The fields that a selector wants to be equal to something; none for a selector that makes no sense."""
    try:
        requirements = selectors.parse_fields(text).requirements
    except selectors.BadSelector:
        return ()
    return tuple((one.key, next(iter(one.values))) for one in requirements if one.operator == "in")
