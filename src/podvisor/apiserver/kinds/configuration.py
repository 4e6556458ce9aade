"""ConfigMap and Secret."""

import base64
from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names
from podvisor.types.field import Path

_LARGEST = 1024 * 1024
_KEYS = {
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
"""What a Secret of a type must hold."""


def _validate_map(item: Json) -> Iterator[field.Error]:
    data, binary = item.get("data", {}), item.get("binaryData", {})
    yield from _keys(data, "data")
    yield from _keys(binary, "binaryData")
    for key in data.keys() & binary.keys():
        yield field.invalid(Path("data").key(key), key, "duplicate of key present in binaryData")
    size = sum(len(value.encode()) for value in data.values()) + sum(len(value) * 3 // 4 for value in binary.values())
    if size > _LARGEST:
        yield field.too_long("", _LARGEST)


def _validate_secret(item: Json) -> Iterator[field.Error]:
    data = item.get("data", {})
    yield from _keys(data, "data")
    for key in _KEYS.get(item["type"], ()):
        if key not in data:
            yield field.required(Path("data").key(key))
    if item["type"] == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        yield field.required("data[username]")
        yield field.required("data[password]")
    account = "kubernetes.io/service-account.name"
    if item["type"] == "kubernetes.io/service-account-token" and not item["metadata"].get("annotations", {}).get(
        account
    ):
        yield field.required(Path("metadata.annotations").key(account))
    if sum(len(value) * 3 // 4 for value in data.values()) > _LARGEST:
        yield field.too_long("data", _LARGEST)


def _keys(data: Json, place: str) -> Iterator[field.Error]:
    for key in data:
        yield from (field.invalid(Path(place).key(key), key, why) for why in names.config_key(key))


def _immutable(new: Json, old: Json) -> Iterator[field.Error]:
    if old.get("immutable"):
        if not new.get("immutable"):
            yield field.forbidden("immutable", "field is immutable when `immutable` is set")
        for name in ("data", "binaryData"):
            if new.get(name, {}) != old.get(name, {}):
                yield field.forbidden(name, "field is immutable when `immutable` is set")


def _validate_secret_update(new: Json, old: Json) -> Iterator[field.Error]:
    yield from _immutable(new, old)
    if new["type"] != old["type"]:
        yield field.invalid("type", new["type"], "field is immutable")


def _default_secret(item: Json) -> None:
    item.setdefault("type", "Opaque")
    for key, value in item.pop("stringData", {}).items():
        item.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


def _map_row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], _count(item), cells.age(item["metadata"], now))


def _secret_row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], item["type"], _count(item), cells.age(item["metadata"], now))


def _count(item: Json) -> int:
    return len(item.get("data", {})) + len(item.get("binaryData", {}))


_DATA = Column("Data", "string", description="Number of keys in the object")
RECORDS = (
    Resource(
        "",
        "v1",
        "configmaps",
        "ConfigMap",
        short_names=("cm",),
        columns=(NAME, _DATA, AGE),
        row=_map_row,
        hooks=Hooks(validate=_validate_map, validate_update=_immutable),
    ),
    Resource(
        "",
        "v1",
        "secrets",
        "Secret",
        columns=(NAME, Column("Type", description="Used to facilitate programmatic handling"), _DATA, AGE),
        row=_secret_row,
        hooks=Hooks(default=_default_secret, validate=_validate_secret, validate_update=_validate_secret_update),
        fields={"type": objects.text("type")},
    ),
)
