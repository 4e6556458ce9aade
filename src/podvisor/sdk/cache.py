"""A local copy of some objects, and look-ups in it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from podvisor.sdk.resource import Key

T = TypeVar("T")
Index = Callable[[T], Iterable[str]]
"""The values under which an object is to be found."""


class Cache(Generic[T]):
    """Objects by key and by index. The objects are shared: whoever gets one must not change it."""

    def __init__(self) -> None:
        self._objects: dict[Key, T] = {}
        self._functions: dict[str, Index[T]] = {}
        self._indexes: dict[str, dict[str, dict[Key, T]]] = {}

    def get(self, key: Key) -> T | None:
        """The object of that name, if there is one."""
        return self._objects.get(key)

    def indexed(self, index: str, value: str) -> list[T]:
        """The objects that `index` files under `value`, oldest entry first."""
        return list(self._indexes[index].get(value, {}).values())

    def add_index(self, name: str, function: Index[T]) -> None:
        """File every object, now and later, under the values that `function` gives for it.

        Adding the same index twice is harmless; two functions under one name are a mistake of the caller.
        """
        if name in self._functions:
            return
        self._functions[name] = function
        self._indexes[name] = defaultdict(dict)
        for key, thing in self._objects.items():
            self._file(name, key, thing)

    def put(self, key: Key, thing: T) -> T | None:
        """Keep `thing`; the answer is what was there before."""
        old = self.drop(key)
        self._objects[key] = thing
        for name in self._functions:
            self._file(name, key, thing)
        return old

    def drop(self, key: Key) -> T | None:
        """Forget an object; the answer is what was there."""
        if (old := self._objects.pop(key, None)) is None:
            return None
        for name, function in self._functions.items():
            entries = self._indexes[name]
            for value in function(old):
                entries[value].pop(key, None)
                if not entries[value]:
                    del entries[value]
        return old

    def items(self) -> Mapping[Key, T]:
        """Everything by key; do not hold on to it across an await."""
        return self._objects

    def __iter__(self) -> Iterator[T]:
        return iter(self._objects.values())

    def __len__(self) -> int:
        return len(self._objects)

    def _file(self, index: str, key: Key, thing: T) -> None:
        entries = self._indexes[index]
        for value in self._functions[index](thing):
            entries[value][key] = thing
