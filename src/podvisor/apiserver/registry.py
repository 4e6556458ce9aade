"""All resources that this server has, found by path."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from podvisor.apiserver.resource import Resource


@dataclass(frozen=True)
class Registry:
    """The resources, in the order in which discovery lists them."""

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
        found: dict[str, list[str]] = {}
        for item in self.resources:
            versions = found.setdefault(item.group, [])
            if item.version not in versions:
                versions.append(item.version)
        return found

    def of_version(self, group: str, version: str) -> Iterable[Resource]:
        """The resources of a group in a version, by name."""
        found = (item for item in self.resources if (item.group, item.version) == (group, version))
        return sorted(found, key=lambda item: item.plural)

    def get(self, group: str, version: str, plural: str) -> Resource:
        """The resource at a path. KeyError if there is none."""
        return self.by_path[group, version, plural]
