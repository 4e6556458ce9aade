"""Which kind a request is about, and where its objects live below the server's address."""

from dataclasses import dataclass, replace
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote

from podvisor.sdk.objects.meta import Object

T = TypeVar("T")
V = TypeVar("V")


class Key(NamedTuple):
    """An object's name within its resource; `namespace` is empty for cluster-scoped objects."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Resource(Generic[T]):
    """One resource of the API, and the type that its objects are read as."""

    group: str
    """Empty for the core group."""
    version: str
    plural: str
    kind: str
    view: type[T]
    """A typed view of `podvisor.sdk.objects`, or `dict` for the whole object."""
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As objects spell it: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def raw(self) -> "Resource[dict[str, Any]]":
        """The same resource, read as plain mappings with every field."""
        return self.read_as(dict[str, Any])

    @property
    def partial(self) -> "Resource[Object]":
        """The same resource, of which only the metadata is read."""
        return self.read_as(Object)

    def read_as(self, view: type[V]) -> "Resource[V]":
        """The same resource, read as another type."""
        return replace(self, view=view)  # pyright: ignore[reportArgumentType, reportReturnType]

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The request path; without a namespace, that of a cluster-scoped object or of all namespaces."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part]
        return "/" + "/".join(quote(part, safe="") for part in parts)

    def __str__(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural
