"""What a server serves: its resources, by group and version.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api (the unaggregated form).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from podvisor.sdk import codec, errors
from podvisor.sdk.client import Client
from podvisor.sdk.objects.meta import Object, View
from podvisor.sdk.resource import Resource


@dataclass(frozen=True, slots=True)
class Served:
    """One resource, in its group's preferred version."""

    resource: Resource[Object]
    verbs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Discovery:
    """Everything that could be found out."""

    served: Sequence[Served]
    failed: Sequence[str]
    """The group versions that did not answer, such as those of an aggregated server that is down."""

    def with_verbs(self, *verbs: str) -> list[Resource[Object]]:
        """The resources that have all of these verbs."""
        return [one.resource for one in self.served if one.verbs.issuperset(verbs)]


class _APIResource(View):
    name: str
    kind: str
    namespaced: bool = False
    verbs: list[str] = msgspec.field(default_factory=list[str])


class _APIResourceList(View):
    resources: list[_APIResource] = msgspec.field(default_factory=list[_APIResource])


class _GroupVersion(View):
    version: str


class _APIGroup(View):
    name: str
    versions: list[_GroupVersion] = msgspec.field(default_factory=list[_GroupVersion])
    preferred_version: _GroupVersion | None = None


class _APIGroupList(View):
    groups: list[_APIGroup] = msgspec.field(default_factory=list[_APIGroup])


async def discover(client: Client) -> Discovery:
    """Ask the server for every resource. A group that fails is named in the answer; no answer at all raises."""
    groups = codec.decode(await client.read("/apis"), _APIGroupList).groups
    served: list[Served] = []
    failed: list[str] = []
    for group, version in [("", "v1"), *[(group.name, _preferred(group)) for group in groups]]:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            listed = codec.decode(await client.read(path), _APIResourceList)
        except (errors.ApiError, msgspec.DecodeError) as error:
            failed.append(f"{group}/{version}: {error}")
            continue
        served += [_served(group, version, one) for one in listed.resources if "/" not in one.name]
    return Discovery(served, failed)


def _preferred(group: _APIGroup) -> str:
    return (group.preferred_version or group.versions[0]).version


def _served(group: str, version: str, found: _APIResource) -> Served:
    resource = Resource(group, version, found.name, found.kind, Object, namespaced=found.namespaced)
    return Served(resource, frozenset(found.verbs))
