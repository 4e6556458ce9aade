"""What is wrong with the volumes of a pod."""

from collections.abc import Iterator, Sequence

from podvisor.apiserver.kinds.podspec.containers import local_path
from podvisor.apiserver.resource import Json
from podvisor.types import field, names, quantity
from podvisor.types.field import Path

_HOST_TYPES = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")
_MODE_LIMIT = 0o777


def validate(volumes: Sequence[Json], path: Path) -> Iterator[field.Error]:
    """Objections to the volumes of a pod's spec."""
    seen: set[str] = set()
    for index, one in enumerate(volumes):
        here, name = path.at(index), one.get("name", "")
        if not name:
            yield field.required(here.child("name"))
        else:
            yield from (field.invalid(here.child("name"), name, why) for why in names.dns_label(name))
        if name in seen:
            yield field.duplicate(here.child("name"), name)
        seen.add(name)
        yield from _source(one, here)


def _source(volume: Json, path: Path) -> Iterator[field.Error]:
    given = [name for name in volume if name != "name"]
    for name in given[1:]:
        yield field.forbidden(path.child(name), "may not specify more than 1 volume type")
    if not given:
        return
    kind = given[0]
    source, here = volume[kind], path.child(kind)
    match kind:
        case "emptyDir":
            if quantity.parse(source.get("sizeLimit", "0")).amount < 0:
                yield field.forbidden(here.child("sizeLimit"), "SizeLimit field must be a valid resource quantity")
        case "hostPath":
            yield from _host_path(source, here)
        case "secret":
            yield from _files(source, here, "secretName")
        case "configMap":
            yield from _files(source, here, "name")
        case "downwardAPI":
            yield from _mode(source, here)
            yield from _paths(source.get("items", ()), here.child("items"))
        case "projected":
            yield from _projected(source, here)
        case "persistentVolumeClaim" if not source.get("claimName"):
            yield field.required(here.child("claimName"))
        case _:
            return


def _host_path(source: Json, path: Path) -> Iterator[field.Error]:
    if not source.get("path"):
        yield field.required(path.child("path"))
    elif ".." in source["path"].split("/"):
        yield field.invalid(path.child("path"), source["path"], "must not contain '..'")
    if source["type"] not in _HOST_TYPES:
        yield field.unsupported(path.child("type"), source["type"], _HOST_TYPES)


def _files(source: Json, path: Path, name: str) -> Iterator[field.Error]:
    if not source.get(name):
        yield field.required(path.child(name))
    yield from _mode(source, path)
    yield from _items(source.get("items", ()), path.child("items"))


def _items(items: Sequence[Json], path: Path) -> Iterator[field.Error]:
    for index, one in enumerate(items):
        if not one.get("key"):
            yield field.required(path.at(index).child("key"))
    yield from _paths(items, path)


def _paths(items: Sequence[Json], path: Path) -> Iterator[field.Error]:
    for index, one in enumerate(items):
        yield from _place(one, path.at(index).child("path"))
        yield from _mode(one, path.at(index), "mode")


def _place(one: Json, path: Path) -> Iterator[field.Error]:
    """A file's path below its volume, whose names that begin with `..` are the node's own."""
    place = one.get("path", "")
    if not place:
        yield field.required(path)
    yield from local_path(place, path)
    if place.startswith("..") and ".." not in place.split("/"):
        yield field.invalid(path, place, "must not start with '..'")


def _mode(source: Json, path: Path, name: str = "defaultMode") -> Iterator[field.Error]:
    if not 0 <= source.get(name, 0) <= _MODE_LIMIT:
        detail = "must be a number between 0 and 0777 (octal), both inclusive"
        yield field.invalid(path.child(name), source[name], detail)


def _projected(source: Json, path: Path) -> Iterator[field.Error]:
    yield from _mode(source, path)
    for index, one in enumerate(source.get("sources", ())):
        here = path.child("sources").at(index)
        if len(one) > 1:
            yield field.forbidden(here, "may not specify more than 1 volume type")
        for kind in ("secret", "configMap"):
            if kind in one:
                if not one[kind].get("name"):
                    yield field.required(here.child(kind, "name"))
                yield from _items(one[kind].get("items", ()), here.child(kind, "items"))
        yield from _paths(one.get("downwardAPI", {}).get("items", ()), here.child("downwardAPI", "items"))
        if (token := one.get("serviceAccountToken")) is not None:
            yield from _token(token, here.child("serviceAccountToken"))


def _token(token: Json, path: Path) -> Iterator[field.Error]:
    yield from _place(token, path.child("path"))
    seconds = token["expirationSeconds"]
    if seconds < 600:
        detail = "may not specify a duration less than 10 minutes"
        yield field.invalid(path.child("expirationSeconds"), seconds, detail)
