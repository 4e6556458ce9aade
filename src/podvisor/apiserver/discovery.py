"""What this server has: the plain lists, and all in one document for clients that ask for that.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
"""

import orjson

from podvisor.apiserver import answers, negotiation
from podvisor.apiserver.catalogue import Served
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.base.http import Answer, Request, content
from podvisor.types import status

_AGGREGATED = tuple(("APIGroupDiscoveryList", "apidiscovery.k8s.io", version) for version in ("v2", "v2beta1"))


def answer(server: Server, request: Request, parts: list[str]) -> Answer:
    """Answer `/api`, `/apis` and what is below. Raises NotFound."""
    served = server.catalogue.now
    match parts:
        case ["api" | "apis" as root]:
            return _root(server, request, root)
        case ["api", version] if version in served.groups.get("", ()):
            return answers.json(_resources(served, "", version))
        case ["apis", group] if group and group in served.groups:
            return answers.json(_group(served, group))
        case ["apis", group, version] if group and version in served.groups.get(group, ()):
            return answers.json(_resources(served, group, version))
        case _:
            raise status.NotFound()


def _root(server: Server, request: Request, root: str) -> Answer:
    for media_type, parameters in negotiation.accepted(request.headers.get("Accept", "")):
        wanted = parameters.get("as"), parameters.get("g"), parameters.get("v")
        if media_type != negotiation.JSON:
            continue
        if wanted in _AGGREGATED:
            return _aggregated(server.catalogue.now, root, str(parameters["v"]))
        if wanted == (None, None, None):
            break
    if root == "apis":
        groups = [_group(server.catalogue.now, group) for group in server.catalogue.now.groups if group]
        return answers.json({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": server.settings.external_address}
    versions = server.catalogue.now.groups.get("", ())
    shown = {"kind": "APIVersions", "versions": versions, "serverAddressByClientCIDRs": [address]}
    return answers.json(shown)


def _group(served: Served, group: str) -> Json:
    versions = [{"groupVersion": f"{group}/{one}", "version": one} for one in served.groups[group]]
    shown: Json = {"kind": "APIGroup", "apiVersion": "v1", "name": group}
    return shown | {"versions": versions, "preferredVersion": versions[0]}


def _resources(served: Served, group: str, version: str) -> Json:
    found: list[Json] = []
    for resource in served.of_version(group, version):
        found.append(_resource(resource))
        for sub in resource.all_subresources():
            found.append(
                {"name": f"{resource.plural}/{sub.name}", "singularName": "", "namespaced": resource.namespaced}
                | ({"group": sub.group} if sub.group else {})
                | ({"version": sub.version} if sub.version else {})
                | {"kind": sub.kind or resource.kind, "verbs": list(sub.verbs)}
            )
    api_version = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": found}


def _resource(resource: Resource) -> Json:
    shown: Json = {
        "name": resource.plural,
        "singularName": resource.singular or resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        shown["shortNames"] = list(resource.short_names)
    if resource.categories:
        shown["categories"] = list(resource.categories)
    return shown


def _aggregated(served: Served, root: str, version: str) -> Answer:
    groups = [group for group in served.groups if bool(group) == (root == "apis")]
    shown: Json = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": [_discovered_group(served, group) for group in groups],
    }
    media_type = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    answer = content(orjson.dumps(shown), media_type)
    answer.headers["Vary"] = "Accept"
    return answer


def _discovered_group(served: Served, group: str) -> Json:
    versions = [
        {
            "version": version,
            "resources": [_discovered(resource) for resource in served.of_version(group, version)],
            "freshness": "Current",
        }
        for version in served.groups[group]
    ]
    return {"metadata": {"name": group} if group else {}, "versions": versions}


def _discovered(resource: Resource) -> Json:
    shown: Json = {
        "resource": resource.plural,
        "responseKind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular or resource.kind.lower(),
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        shown["shortNames"] = list(resource.short_names)
    if resource.categories:
        shown["categories"] = list(resource.categories)
    if subresources := resource.all_subresources():
        shown["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": {
                    "group": sub.group or resource.group,
                    "version": sub.version or resource.version,
                    "kind": sub.kind or resource.kind,
                },
                "verbs": list(sub.verbs),
            }
            for sub in subresources
        ]
    return shown
