"""Where the Service of a webhook can be reached.

Its ready endpoints are dialled directly; a connection through the nodes' own network is the port that is left for them.
"""

from typing import Protocol

from podvisor.apiserver import objects
from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.resource import Json
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.webhooks.client import CallFailed, Endpoint


class Objects(Protocol):
    """Where Services are looked up."""

    @property
    def storage(self) -> Storage:
        """The objects."""
        ...

    @property
    def catalogue(self) -> Catalogue:
        """What is served."""
        ...


async def endpoint(config: Json, view: Objects) -> Endpoint:
    """Where a `clientConfig` leads. Raises CallFailed."""
    authority: str = config.get("caBundle") or ""
    if url := config.get("url"):
        return Endpoint(url, authority)
    service: Json = config["service"]
    name, namespace, port = service["name"], service["namespace"], service.get("port", 443)
    url = f"https://{name}.{namespace}.svc:{port}{service.get('path') or '/'}"
    return Endpoint(url, authority, await _address(view, namespace, name, port))


async def _address(view: Objects, namespace: str, name: str, port: int) -> tuple[str, int]:
    services = view.catalogue.get("", "v1", "services")
    if (kv := await view.storage.find(services, namespace, name)) is None:
        raise CallFailed(f'service "{name}" not found')
    spec: Json = objects.decode(services, kv)["spec"]
    if spec.get("type") == "ExternalName":
        return spec["externalName"], port
    wanted = next((one for one in spec.get("ports", ()) if one["port"] == port), None)
    if wanted is None:
        raise CallFailed(f"no service port {port} found for service {name!r}")
    slices = view.catalogue.get("discovery.k8s.io", "v1", "endpointslices")
    for found in (await view.storage.all(slices, namespace)).kvs:
        item = objects.decode(slices, found)
        if item["metadata"].get("labels", {}).get("kubernetes.io/service-name") == name and (
            address := _ready(item, wanted.get("name", ""))
        ):
            return address
    raise CallFailed(f'no endpoints available for service "{name}"')


def _ready(item: Json, port_name: str) -> tuple[str, int] | None:
    port = next((one for one in item.get("ports") or () if (one.get("name") or "") == port_name), None)
    for endpoint in item.get("endpoints") or ():
        if port and port.get("port") and endpoint.get("conditions", {}).get("ready", True):
            return endpoint["addresses"][0], port["port"]
    return None
