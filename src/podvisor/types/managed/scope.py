"""What has to be known of a kind in order to say who owns its fields."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from podvisor.types.managed.sets import Fields
from podvisor.types.managed.typed import Type

Json = dict[str, Any]


class Versions(Protocol):
    """The versions of a kind."""

    def type(self, version: str) -> Type | None:
        """What its objects are in a version (`apps/v1`); None if that is not served any more."""
        ...

    def converted(self, item: Json, version: str) -> Json:
        """`item` in another version that is served."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """A kind in the version and below the path of a request."""

    version: str
    """`apps/v1`."""
    type: Type
    versions: Versions
    subresource: str = ""
    reset: Fields = field(default_factory=dict[str, Any])
    """What requests at this path do not change, whatever they say; so nobody owns it by them."""

    def type_in(self, version: str) -> Type | None:
        """What objects are in a version; None if that is not served any more."""
        return self.type if version == self.version else self.versions.type(version)

    def converted(self, item: Json, version: str) -> Json:
        """`item` in a version that is served."""
        return item if item.get("apiVersion", self.version) == version else self.versions.converted(item, version)
