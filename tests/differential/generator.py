"""Objects and patches at random, dense in what merges are about: merge keys that repeat, directives, nulls, types.

Driven by the schemas, so that each field is merged as its own strategy says. A seed gives the same questions for ever.
"""

import copy
import random
from typing import Any

from podvisor.types import schema
from podvisor.types.schema import Field, Shape

KINDS = {
    "Pod": ("", "v1"),
    "Deployment": ("apps", "v1"),
    "Service": ("", "v1"),
    "Job": ("batch", "v1"),
    "Node": ("", "v1"),
}
_WORDS = ("a", "b", "c", "d")
_NUMBERS = (0, 53, 80, 8080)
_SELDOM = {"managedFields", "status", "ephemeralContainers", "initContainers", "affinity", "ownerReferences"}
_DEPTH = 5


def shape_of(kind: str) -> Shape:
    """What the objects of a kind look like."""
    group, version = KINDS[kind]
    return schema.of_kind(group, version, kind)


class Generator:
    """Questions for one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def original(self, kind: str) -> Any:
        """An object of a kind."""
        return self._value(shape_of(kind), 0)

    def patch(self, kind: str, original: Any) -> Any:
        """A strategic merge patch for it."""
        return self._change(shape_of(kind), original, 0)

    def json_patch(self, original: Any) -> list[Any]:
        """A JSON patch for it, most of whose paths exist."""
        return [self._operation(original) for _ in range(self.random.randint(1, 3))]

    def modified(self, kind: str, original: Any) -> Any:
        """The object after somebody has edited it: fields gone, fields new, lists longer and shorter."""
        return self._edited(shape_of(kind), copy.deepcopy(original), 0)

    def _chance(self, share: float) -> bool:
        return self.random.random() < share

    def _value(self, shape: Shape, depth: int) -> Any:
        match shape.type:
            case "object":
                return {name: self._field(field, depth + 1) for name, field in self._fields(shape, depth)}
            case "map":
                return {
                    word: self._scalar(shape.items) for word in self.random.sample(_WORDS, self.random.randint(0, 3))
                }
            case "list":
                return self._items(Field(shape), depth)
            case _:
                return self._scalar(shape)

    def _fields(self, shape: Shape, depth: int) -> list[tuple[str, Field]]:
        known = [(name, field) for name, field in shape.fields.items() if name not in _SELDOM or self._chance(0.05)]
        if depth >= _DEPTH:
            known = [(name, field) for name, field in known if field.shape.type not in ("object", "list", "map")]
        keyed = [one for one in known if one[1].strategies or one[0] in ("spec", "metadata", "template")]
        plain = [one for one in known if one not in keyed]
        return [one for one in keyed if self._chance(0.7)] + self.random.sample(plain, min(len(plain), 2))

    def _field(self, field: Field, depth: int) -> Any:
        return self._items(field, depth) if field.shape.type == "list" else self._value(field.shape, depth)

    def _items(self, field: Field, depth: int) -> list[Any]:
        shape = field.shape.items
        assert shape is not None
        count = self.random.randint(0, 4)
        if shape.type not in ("object", "map"):
            return list(dict.fromkeys(self._scalar(shape) for _ in range(count)))
        items = [self._value(shape, depth + 1) for _ in range(count)]
        for item in items:
            if field.merge_key:
                item[field.merge_key] = self._scalar(shape.fields[field.merge_key].shape)
        return items

    def _scalar(self, shape: Shape | None) -> Any:
        match shape.type if shape else "string":
            case "integer" | "number" | "int-or-string":
                return self.random.choice(_NUMBERS)
            case "boolean":
                return self._chance(0.5)
            case _:
                return self.random.choice(_WORDS)

    def _change(self, shape: Shape, old: Any, depth: int) -> Any:
        old = old if isinstance(old, dict) else {}
        change: dict[str, Any] = {}
        if depth and self._chance(0.04):
            change["$patch"] = self.random.choice(("replace", "delete", "merge", "dance"))
        for name, field in self._touched(shape, old, depth):
            self._touch(change, name, field, old.get(name), depth)
        if self._chance(0.04):
            change["$retainKeys"] = [name for name in change if not name.startswith("$")] + list(old)[:1]
        return change

    def _touched(self, shape: Shape, old: dict[str, Any], depth: int) -> list[tuple[str, Field]]:
        if shape.type == "map" and shape.items:
            return [(word, Field(shape.items)) for word in self.random.sample(_WORDS, 2)]
        present = [(name, shape.fields[name]) for name in old if name in shape.fields and self._chance(0.6)]
        return list(dict([*present, *self._fields(shape, depth + 1)[:2]]).items())

    def _touch(self, change: dict[str, Any], name: str, field: Field, old: Any, depth: int) -> None:
        if self._chance(0.05):
            change[name] = None
        elif self._chance(0.02):
            change[name] = self.random.choice(("a", 1, [], {}, ["a"], True))
        elif field.shape.type == "list":
            self._change_list(change, name, field, old if isinstance(old, list) else [], depth)
        elif field.shape.type in ("object", "map"):
            change[name] = self._change(field.shape, old, depth + 1)
        else:
            change[name] = self._scalar(field.shape)

    def _change_list(self, change: dict[str, Any], name: str, field: Field, old: list[Any], depth: int) -> None:
        shape = field.shape.items
        assert shape is not None
        if shape.type not in ("object", "map"):
            self._change_plain(change, name, field, old)
            return
        items = [self._item_change(field, shape, old, depth) for _ in range(self.random.randint(0, 3))]
        if self._chance(0.9):
            change[name] = items
        if field.merge_key and self._chance(0.4):
            keys = [item.get(field.merge_key) for item in items if "$patch" not in item]
            keys += [item.get(field.merge_key) for item in old if self._chance(0.8)]
            change[f"$setElementOrder/{name}"] = [{field.merge_key: key} for key in dict.fromkeys(keys)]

    def _change_plain(self, change: dict[str, Any], name: str, field: Field, old: list[Any]) -> None:
        added = list(dict.fromkeys(self._scalar(field.shape.items) for _ in range(self.random.randint(0, 2))))
        if self._chance(0.3) and "merge" in field.strategies:
            change[f"$deleteFromPrimitiveList/{name}"] = [value for value in old if self._chance(0.4)]
            return
        change[name] = added
        if self._chance(0.3):
            change[f"$setElementOrder/{name}"] = list(dict.fromkeys([*added, *old]))

    def _item_change(self, field: Field, shape: Shape, old: list[Any], depth: int) -> Any:
        like = self.random.choice(old) if old and self._chance(0.7) else {}
        item = self._change(shape, like, depth + 1)
        item.pop("$patch", None)
        key = field.merge_key
        if key and not self._chance(0.01):
            item[key] = like.get(key, self._scalar(shape.fields[key].shape))
        if key and self._chance(0.15):
            item = {key: item.get(key), "$patch": self.random.choice(("delete", "delete", "replace", "merge"))}
        return item

    def _operation(self, target: Any) -> dict[str, Any]:
        kind = self.random.choice(("add", "remove", "replace", "move", "copy", "test", "test"))
        path, value = self._pointer(target)
        operation: dict[str, Any] = {"op": kind, "path": path}
        if kind in ("add", "replace"):
            operation["value"] = self.random.choice(("x", 1, None, {"y": 1}, ["z"]))
        elif kind == "test":
            operation["value"] = value if self._chance(0.7) else "no"
        elif kind in ("move", "copy"):
            operation["from"] = self._pointer(target)[0]
        return operation

    def _pointer(self, target: Any) -> tuple[str, Any]:
        parts, value = [], target
        while isinstance(value, dict | list) and value and (not parts or self._chance(0.75)):
            if isinstance(value, dict):
                step = self.random.choice(list(value))
                value = value[step]
            else:
                step = self.random.randrange(len(value))
                value = value[step]
            parts.append(str(step).replace("~", "~0").replace("/", "~1"))
        if self._chance(0.1):
            parts.append(self.random.choice(("new", "-", "0", "7")))
        return "/" + "/".join(parts), value

    def _edited(self, shape: Shape, value: Any, depth: int) -> Any:
        if isinstance(value, dict):
            for name in list(value):
                inner = shape.items if shape.type == "map" else shape.fields[name].shape
                if depth > 1 and self._chance(0.1):
                    del value[name]
                elif inner and self._chance(0.5):
                    value[name] = self._edited(inner, value[name], depth + 1)
            return value
        return value if isinstance(value, list) else self._scalar(shape)
