"""What is there from the beginning."""

from podvisor.apiserver import metadata
from podvisor.apiserver.kinds import namespaces
from podvisor.apiserver.server import Server
from podvisor.types import status

NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")


async def create_namespaces(server: Server) -> None:
    """Create the namespaces that every cluster has, those that are missing."""
    resource = server.registry.get("", "v1", "namespaces")
    for name in NAMESPACES:
        item = namespaces.new(name)
        metadata.begin(item, resource, server.clock.now())
        resource.hooks.create(item)
        resource.hooks.default(item)
        try:
            await server.storage.create(resource, item)
        except status.AlreadyExists:
            continue
