"""All resources that this server has, found by path; they change while it runs.

Who answers a request looks its resource up once, and keeps that to the end whatever becomes of the catalogue meanwhile.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from podvisor.apiserver.resource import Resource

_VERSION = re.compile(r"v(?P<major>[1-9][0-9]*)((?P<stage>alpha|beta)(?P<minor>[1-9][0-9]*))?")


@dataclass(frozen=True)
class Served:
    """The resources at one moment, in the order in which discovery lists them."""

    version: int
    """Which moment: it grows with each change of the catalogue."""
    resources: Sequence[Resource]

    @cached_property
    def by_path(self) -> Mapping[tuple[str, str, str], Resource]:
        """By (group, version, plural)."""
        return {(item.group, item.version, item.plural): item for item in self.resources}

    @cached_property
    def by_kind(self) -> Mapping[tuple[str, str], Resource]:
        """By (apiVersion, kind)."""
        return {(item.api_version, item.kind): item for item in self.resources}

    @cached_property
    def groups(self) -> Mapping[str, Sequence[str]]:
        """The versions of each group, the preferred one first."""
        return {group: list(versions) for group, versions in self._by_group.items()}

    @cached_property
    def _by_group(self) -> Mapping[str, Mapping[str, Sequence[Resource]]]:
        found: dict[str, dict[str, list[Resource]]] = {}
        for item in self.resources:
            found.setdefault(item.group, {}).setdefault(item.version, []).append(item)
        return found

    def of_version(self, group: str, version: str) -> Iterable[Resource]:
        """The resources of a group in a version, by name."""
        return sorted(self._by_group.get(group, {}).get(version, ()), key=lambda item: item.plural)

    def get(self, group: str, version: str, plural: str) -> Resource:
        """The resource at a path. KeyError if there is none."""
        return self.by_path[group, version, plural]


class Catalogue:
    """The resources that are served: those that are built in, and those that somebody has put beside them."""

    def __init__(self, built_in: Sequence[Resource]) -> None:
        self._built_in = built_in
        self._taken = {(item.group, item.version) for item in built_in}
        self._added: dict[str, Sequence[Resource]] = {}
        self._version = 0
        self._now: Served | None = None
        self._changed = asyncio.Event()

    @property
    def version(self) -> int:
        """It grows with each change."""
        return self._version

    @property
    def now(self) -> Served:
        """What is served at this moment. It stays as it is when the catalogue changes."""
        if self._now is None:
            added = [item for owner in sorted(self._added) for item in self._added[owner]]
            self._now = Served(self._version, [*self._built_in, *_in_order(added)])
        return self._now

    def get(self, group: str, version: str, plural: str) -> Resource:
        """The resource at a path. KeyError if there is none."""
        return self.now.by_path[group, version, plural]

    def put(self, changes: Mapping[str, Sequence[Resource]]) -> Sequence[Resource]:
        """Serve these resources in place of what each owner had; those that are no longer served are returned.

        What is in a group and version that is built in is not served, as in the real server: its paths are taken.
        """
        gone: list[Resource] = []
        for owner, resources in changes.items():
            before = self._added.pop(owner, ())
            if kept := [item for item in resources if (item.group, item.version) not in self._taken]:
                self._added[owner] = kept
            gone += [item for item in before if not any(item is other for other in kept)]
        self._version += 1
        self._now = None
        self._changed.set()
        self._changed = asyncio.Event()
        return gone

    async def changed(self, version: int) -> int:
        """Wait until it is no longer as it was at `version`; the version that it has then."""
        while self._version == version:
            await self._changed.wait()
        return self._version


def _in_order(resources: Sequence[Resource]) -> Sequence[Resource]:
    """By group, and within each the stable versions first.

    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
    """
    return sorted(resources, key=lambda item: (item.group, priority(item.version)))


def priority(version: str) -> tuple[int, int, int, str]:
    """Where a version stands among others: v10, v2, v1, v11beta2, v10beta3, v3beta1, v12alpha1, then foo by name."""
    if (found := _VERSION.fullmatch(version)) is None:
        return (3, 0, 0, version)
    major, stage, minor = int(found["major"]), found["stage"], int(found["minor"] or 0)
    return (("", "beta", "alpha").index(stage or ""), -major, -minor, "")
