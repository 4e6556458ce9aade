"""Who owns the number of replicas, seen below an object's `scale` path and seen in the object itself."""

from collections.abc import Mapping
from typing import Any

from podvisor.types.managed import sets
from podvisor.types.managed.managers import Managed, Manager, Owned
from podvisor.types.managed.sets import Fields, Path

SCALE = "autoscaling/v1"
_REPLICAS: Path = ("f:spec", "f:replicas")

Paths = Mapping[str, Path]
"""Where the number is in each version of the object's kind."""


def of_scale(managed: Managed, paths: Paths) -> dict[Manager, Owned]:
    """The entries of an object's Scale: of those who own the number."""
    found: dict[Manager, Owned] = {}
    for manager, owned in managed.items():
        if (path := paths.get(owned.version)) and sets.has(owned.fields, path):
            found[manager] = Owned(_set(_REPLICAS), SCALE, owned.time)
    return found


def of_object(managed: Managed, scale: Managed, paths: Paths, version: str) -> dict[Manager, Owned]:
    """The entries of an object, `managed` so far, once its Scale has those of `scale`; it was changed in `version`.

    Who came to own the number below the path has no time there, as in the real server.
    """
    left = dict(scale)
    found: dict[Manager, Owned] = {}
    for manager, owned in managed.items():
        path = paths.get(owned.version)
        if path is None:
            continue
        if not sets.has(owned.fields, path) or left.pop(manager, None) is not None:
            found[manager] = owned
        elif fields := sets.difference(owned.fields, _set(path)):
            found[manager] = Owned(fields, owned.version, owned.time)
    for manager, owned in left.items():
        if sets.has(owned.fields, _REPLICAS):
            named = version if manager.operation == "Update" else ""
            found[manager._replace(version=named)] = Owned(_set(paths[version]), version)
    return found


def _set(path: Path) -> Fields:
    found: Fields = {}
    place: dict[str, Any] = found
    for name in path:
        place[name] = {}
        place = place[name]
    return found
