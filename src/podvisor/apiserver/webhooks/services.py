"""Where a webhook can be reached: at its URL, or in the pods of its Service."""

from podvisor.apiserver import objects
from podvisor.apiserver.reach import backends
from podvisor.apiserver.resource import Json
from podvisor.apiserver.webhooks.client import CallFailed, Endpoint
from podvisor.types import status


async def endpoint(config: Json, view: backends.Known) -> Endpoint:
    """Where a `clientConfig` leads. Raises CallFailed.

    An endpoint of the Service that is a pod is reached through the pod's node. One that is none is dialled by this
    machine, which has to have a way to it, as for a Service whose endpoints somebody has written.
    """
    authority: str = config.get("caBundle") or ""
    if url := config.get("url"):
        return Endpoint(url, authority)
    service: Json = config["service"]
    name, namespace, port = service["name"], service["namespace"], service.get("port", 443)
    url = f"https://{name}.{namespace}.svc:{port}{service.get('path') or '/'}"
    services = view.catalogue.get("", "v1", "services")
    if (kv := await view.storage.find(services, namespace, name)) is None:
        raise CallFailed(f'service "{name}" not found')
    item = objects.decode(services, kv)
    if item["spec"].get("type") == "ExternalName":
        return Endpoint(url, authority, (item["spec"]["externalName"], port))
    try:
        found = await backends.of_service(view, namespace, item, str(port))
    except status.Unavailable as error:
        raise CallFailed(error.message) from None
    for backend in found:
        if not backend.pod:
            return Endpoint(url, authority, (backend.address, backend.port))
        if (pod := await backends.checked(view, namespace, backend)) is not None:
            return Endpoint(url, authority, pod=pod)
    raise CallFailed(f'no endpoints available for service "{name}"')
