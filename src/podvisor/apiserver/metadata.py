"""The metadata that the server owns: names, uids, times, generations; and what clients may write into the rest.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ ; the checks and their words are
those of apimachinery's `pkg/api/validation/objectmeta.go`.
"""

import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from podvisor.apiserver import cells
from podvisor.apiserver.resource import Json, Resource
from podvisor.types import field, names, status
from podvisor.types.field import Path

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names are made of: no vowels, nothing that looks like something else."""
_SERVER_OWNED = ("uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds")
_FINALIZERS = ("kubernetes", "orphan", "foregroundDeletion")
"""Those without a domain before their name."""
_PATH = Path("metadata")


def place(item: Json, resource: Resource, namespace: str) -> None:
    """Put `item` into the namespace of the request. Raises BadRequest if it names another."""
    metadata = item["metadata"]
    if not resource.namespaced:
        metadata.pop("namespace", None)
        return
    if metadata.get("namespace", namespace) not in ("", namespace):
        raise status.BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    metadata["namespace"] = namespace


def begin(item: Json, resource: Resource, now: datetime) -> None:
    """The metadata of a new object. Raises BadRequest if it claims to have been stored before."""
    metadata = item["metadata"]
    if metadata.pop("resourceVersion", ""):
        raise status.BadRequest("resourceVersion should not be set on objects to be created")
    for name in (*_SERVER_OWNED, "selfLink"):
        metadata.pop(name, None)
    if not metadata.get("name") and (stem := metadata.get("generateName")):
        metadata["name"] = stem[:58] + suffix()
    metadata["uid"] = str(uuid.UUID(int=random.getrandbits(128), version=4))
    metadata["creationTimestamp"] = cells.timestamp(now)
    if resource.counts_generations:
        metadata["generation"] = 1


def suffix() -> str:
    """Five characters that make a generated name unique."""
    return "".join(random.choices(_ALPHABET, k=5))


def carry(new: Json, old: Json) -> None:
    """Give `new` what only the server writes. Raises nothing: a client may leave these out or send old ones."""
    metadata, before = new["metadata"], old["metadata"]
    metadata.pop("selfLink", None)
    for name in (*_SERVER_OWNED, "generateName", "name", "namespace"):
        if name in before:
            metadata[name] = before[name]
        else:
            metadata.pop(name, None)


def restore(new: Json, old: Json, path: Sequence[str]) -> None:
    """Give `new` what `old` has at `path`, which begins with metadata; who owns what is left as it is."""
    if len(path) == 1:
        kept = {name: value for name, value in new["metadata"].items() if name in ("managedFields", "resourceVersion")}
        new["metadata"] = old["metadata"] | kept
    elif (value := old["metadata"].get(path[1])) is not None:
        new["metadata"][path[1]] = value
    else:
        new["metadata"].pop(path[1], None)


def check_named(item: Json, name: str) -> None:
    """Raises BadRequest if an object that shall replace another does not say that it is that one."""
    if item["metadata"].get("name", "") != name:
        given = item["metadata"].get("name", "")
        raise status.BadRequest(f"the name of the object ({given}) does not match the name on the URL ({name})")


def check_identity(new: Json, old: Json, resource: Resource) -> None:
    """Raises BadRequest or Conflict if `new` is not the object that the request is about."""
    metadata, before = new["metadata"], old["metadata"]
    name = before["name"]
    if metadata.get("name", name) != name:
        raise status.BadRequest(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
        )
    if metadata.get("namespace", "") not in ("", before.get("namespace", "")):
        raise status.BadRequest(
            f"the namespace of the object ({metadata['namespace']}) does not match the namespace on the URL "
            f"({before.get('namespace', '')})"
        )
    if (uid := metadata.get("uid")) and uid != before["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {before['uid']}"
        raise status.Conflict(resource.subject(name), why)


def check_version(new: Json, old: Json, resource: Resource) -> None:
    """Raises Conflict if `new` was made from another state than `old`."""
    wanted = new["metadata"].get("resourceVersion", "")
    if wanted in ("", "0"):
        return
    if wanted != old["metadata"]["resourceVersion"]:
        raise status.Conflict(
            resource.subject(old["metadata"]["name"]),
            "the object has been modified; please apply your changes to the latest version and try again",
        )


def count_generation(new: Json, old: Json, *, has_status: bool = True) -> None:
    """Raise the generation if anything but metadata differs, or status where that has a path of its own."""
    ignored = ("metadata", "status") if has_status else ("metadata",)
    if _without(new, ignored) != _without(old, ignored):
        new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1


def _without(item: Json, names: Sequence[str]) -> Json:
    return {key: value for key, value in item.items() if key not in names}


def validate(item: Json, resource: Resource) -> Iterator[field.Error]:
    """What is wrong with the metadata of any object."""
    metadata = item["metadata"]
    name = metadata.get("name", "")
    if stem := metadata.get("generateName"):
        checked = stem[:-1] + "a" if stem.endswith(("-", ".")) else stem
        yield from (field.invalid(_PATH.child("generateName"), stem, why) for why in resource.name_rule(checked))
    if not name:
        yield field.required(_PATH.child("name"), "name or generateName is required")
    else:
        yield from (field.invalid(_PATH.child("name"), name, why) for why in resource.name_rule(name))
    if resource.namespaced:
        namespace = metadata.get("namespace", "")
        yield from (field.invalid(_PATH.child("namespace"), namespace, why) for why in names.dns_label(namespace))
    yield from names.labels(metadata.get("labels", {}), _PATH.child("labels"))
    yield from names.annotations(metadata.get("annotations", {}), _PATH.child("annotations"))
    yield from _owners(metadata.get("ownerReferences", ()))
    yield from _finalizers(metadata.get("finalizers", ()), free=resource.free_finalizers)


def validate_update(new: Json, old: Json) -> Iterator[field.Error]:
    """What is wrong with a change of metadata: an object that is being deleted takes no new finalizers."""
    before = old["metadata"].get("finalizers", ())
    added = [item for item in new["metadata"].get("finalizers", ()) if item not in before]
    if added and "deletionTimestamp" in old["metadata"]:
        shown = "[]string{" + ", ".join(f'"{item}"' for item in added) + "}"
        detail = f"no new finalizers can be added if the object is being deleted, found new finalizers {shown}"
        yield field.forbidden(_PATH.child("finalizers"), detail)


def _owners(owners: Any) -> Iterator[field.Error]:
    path = _PATH.child("ownerReferences")
    controllers = 0
    for owner in owners:
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                word = "version" if name == "apiVersion" else name
                yield field.invalid(path.child(name), owner.get(name, ""), f"{word} must not be empty")
        controllers += bool(owner.get("controller"))
    if controllers > 1:
        yield field.invalid(path, owners, "Only one reference can have Controller set to true")


def _finalizers(finalizers: Any, *, free: bool) -> Iterator[field.Error]:
    path = _PATH.child("finalizers")
    for index, item in enumerate(finalizers):
        yield from (field.invalid(path.at(index), item, why) for why in names.qualified(item))
        if not free and "/" not in item and item not in _FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield field.invalid(path.at(index), item, detail)
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        yield field.invalid(path, finalizers, detail)
