"""What a server serves: its resources, by group and version.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api. Everything comes in two answers from a
server that aggregates, and otherwise group version by group version.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from podvisor.sdk import codec, errors
from podvisor.sdk.client import Client
from podvisor.sdk.objects.meta import Object, ObjectMeta, View
from podvisor.sdk.resource import Resource

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


@dataclass(frozen=True, slots=True)
class Served:
    """One resource, in its group's preferred version or, where that has no such resource, the next that has it."""

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


@dataclass(frozen=True, slots=True)
class _Version:
    """What a group version has; None if it did not say, and then why."""

    group: str
    version: str
    resources: Sequence[Served] | None
    error: str = ""


class _ResponseKind(View):
    kind: str = ""


class _DiscoveredResource(View):
    resource: str
    scope: str = ""
    response_kind: _ResponseKind = msgspec.field(default_factory=_ResponseKind)
    verbs: list[str] = msgspec.field(default_factory=list[str])


class _DiscoveredVersion(View):
    version: str
    resources: list[_DiscoveredResource] = msgspec.field(default_factory=list[_DiscoveredResource])
    freshness: str = "Current"


class _DiscoveredGroup(View):
    metadata: ObjectMeta = msgspec.field(default_factory=ObjectMeta)
    versions: list[_DiscoveredVersion] = msgspec.field(default_factory=list[_DiscoveredVersion])


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


class _Groups(View):
    """An APIGroupDiscoveryList, an APIGroupList, or an APIVersions."""

    kind: str = ""
    items: list[_DiscoveredGroup] = msgspec.field(default_factory=list[_DiscoveredGroup])
    groups: list[_APIGroup] = msgspec.field(default_factory=list[_APIGroup])


async def discover(client: Client) -> Discovery:
    """Ask the server for every resource. A group that fails is named in the answer; no answer at all raises."""
    named = codec.decode(await client.read("/apis", accept=_AGGREGATED), _Groups)
    if named.kind == "APIGroupDiscoveryList":
        core = codec.decode(await client.read("/api", accept=_AGGREGATED), _Groups)
        return _preferred(_discovered(core.items + named.items))
    wanted = [("", "v1"), *((group.name, one.version) for group in named.groups for one in group.versions)]
    return _preferred([await _listed(client, group, version) for group, version in wanted])


def _preferred(versions: Sequence[_Version]) -> Discovery:
    """Each resource once: versions come in the order of preference."""
    served: dict[tuple[str, str], Served] = {}
    failed: list[str] = []
    for one in versions:
        if one.resources is None:
            failed.append(f"{one.group}/{one.version}: {one.error}")
        for found in one.resources or ():
            served.setdefault((one.group, found.resource.plural), found)
    return Discovery(list(served.values()), failed)


def _discovered(groups: Sequence[_DiscoveredGroup]) -> Sequence[_Version]:
    return [_of_version(group.metadata.name, one) for group in groups for one in group.versions]


def _of_version(group: str, found: _DiscoveredVersion) -> _Version:
    if found.freshness != "Current":
        return _Version(group, found.version, None, "stale group version discovery")
    return _Version(group, found.version, list(_of_resources(group, found)))


def _of_resources(group: str, found: _DiscoveredVersion) -> Iterator[Served]:
    for one in found.resources:
        namespaced = one.scope == "Namespaced"
        resource = Resource(group, found.version, one.resource, one.response_kind.kind, Object, namespaced=namespaced)
        yield Served(resource, frozenset(one.verbs))


async def _listed(client: Client, group: str, version: str) -> _Version:
    path = f"/apis/{group}/{version}" if group else f"/api/{version}"
    try:
        listed = codec.decode(await client.read(path), _APIResourceList)
    except (errors.ApiError, msgspec.DecodeError) as error:
        return _Version(group, version, None, str(error))
    return _Version(group, version, [_served(group, version, one) for one in listed.resources if "/" not in one.name])


def _served(group: str, version: str, found: _APIResource) -> Served:
    resource = Resource(group, version, found.name, found.kind, Object, namespaced=found.namespaced)
    return Served(resource, frozenset(found.verbs))
