"""Objects are created only in namespaces that are there and stay (the plugin NamespaceLifecycle)."""

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.types import status

IMMORTAL = ("default", "kube-system", "kube-public")


async def lifecycle(change: Change, view: View) -> None:
    """Raises NotFound for a missing namespace, Forbidden for one that ends or may not end."""
    if change.operation == "DELETE" and (change.resource.group, change.resource.plural) == ("", "namespaces"):
        if change.name in IMMORTAL:
            raise status.Forbidden("this namespace may not be deleted", change.resource.subject(change.name))
    elif change.operation == "CREATE" and change.resource.namespaced and not change.subresource:
        await _check(change, view)


async def _check(change: Change, view: View) -> None:
    namespaces = view.catalogue.get("", "v1", "namespaces")
    if (found := await view.storage.find(namespaces, "", change.namespace)) is None:
        raise status.NotFound(namespaces.subject(change.namespace))
    if b'"deletionTimestamp"' in found.value and "deletionTimestamp" in objects.decode(namespaces, found)["metadata"]:
        why = f"namespace {change.namespace} is being terminated"
        raise status.Forbidden(
            f"unable to create new content in namespace {change.namespace} because it is being terminated",
            change.resource.subject(change.name),
            [status.Cause("NamespaceTerminating", why, "metadata.namespace")],
        )
