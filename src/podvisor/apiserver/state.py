"""An object as some revision left it, decoded no more than once, however many look at it."""

from podvisor.apiserver import objects
from podvisor.apiserver.resource import Json, Resource
from podvisor.store.backend import KeyValue


class State:
    """The bytes of an object, and beside them what has been read of them so far."""

    __slots__ = ("_item", "_labels", "_name", "kv", "resource")

    def __init__(self, resource: Resource, kv: KeyValue) -> None:
        self.resource = resource
        self.kv = kv
        self._item: Json | None = None
        self._labels: dict[str, str] | None = None
        self._name: tuple[str, str] | None = None

    @property
    def item(self) -> Json:
        """The object, with its resourceVersion. Others see it too: nobody may change it."""
        if self._item is None:
            self._item = objects.decode(self.resource, self.kv)
        return self._item

    @property
    def labels(self) -> dict[str, str]:
        """Its labels; nothing else is decoded for them."""
        if self._labels is None:
            self._labels = objects.labels(self.kv)
        return self._labels

    def field(self, path: str) -> str:
        """The value of a selectable field. KeyError for another."""
        if path == "metadata.name":
            return self._split()[1]
        if path == "metadata.namespace":
            return self._split()[0]
        return self.resource.fields[path](self.item)

    def _split(self) -> tuple[str, str]:
        """Namespace and name, which the key holds as well."""
        if self._name is None:
            namespace, _, name = self.kv.key[len(self.resource.key) :].decode().rpartition("/")
            self._name = namespace, name
        return self._name
