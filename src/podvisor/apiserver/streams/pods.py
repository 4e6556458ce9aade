"""Which container of which pod on which node a streaming request means."""

from collections.abc import Sequence

from podvisor.apiserver import objects
from podvisor.apiserver.call import Call
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.server import Server
from podvisor.types import status

_DEFAULT = "kubectl.kubernetes.io/default-container"
_LISTS = ("containers", "initContainers", "ephemeralContainers")


async def pod(server: Server, call: Call, resource: Resource) -> Json:
    """The pod of the request. Raises NotFound."""
    return objects.decode(resource, await server.storage.get(resource, call.target.namespace, call.target.name))


def container(item: Json, wanted: str) -> str:
    """The container that is meant. Raises BadRequest if it is not there, or none is named and there are many."""
    name, spec = item["metadata"]["name"], item["spec"]
    known = [one["name"] for kind in _LISTS for one in spec.get(kind, ())]
    if wanted:
        if wanted not in known:
            raise status.BadRequest(f"container {wanted} is not valid for pod {name}")
        return wanted
    default = item["metadata"].get("annotations", {}).get(_DEFAULT, "")
    if default in known:
        return default
    if len(spec["containers"]) == 1:
        return spec["containers"][0]["name"]
    raise status.BadRequest(f"a container name must be specified for pod {name}, {_choice(spec)}")


async def node(server: Server, item: Json) -> Json:
    """The node that the pod is on. Raises BadRequest if it is on none, NotFound if the node is gone."""
    name = item["spec"].get("nodeName", "")
    if not name:
        raise status.BadRequest(f"pod {item['metadata']['name']} does not have a host assigned")
    nodes = server.catalogue.get("", "v1", "nodes")
    return objects.decode(nodes, await server.storage.get(nodes, "", name))


def _choice(spec: Json) -> str:
    def names(kind: str) -> Sequence[str]:
        return [one["name"] for one in spec.get(kind, ())]

    text = f"choose one of: [{' '.join(names('containers'))}]"
    if init := names("initContainers"):
        text += f" or one of the init containers: [{' '.join(init)}]"
    if ephemeral := names("ephemeralContainers"):
        text += f" or one of the ephemeral containers: [{' '.join(ephemeral)}]"
    return text
