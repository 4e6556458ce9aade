"""What claims and volumes get, and which claim may grow.

The plugins StorageObjectInUseProtection, DefaultStorageClass and PersistentVolumeClaimResize:
https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
"""

from collections.abc import Sequence

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.kinds.storage import storageclass
from podvisor.apiserver.resource import Json
from podvisor.types import quantity, status, usage

PROTECTION = {
    "persistentvolumeclaims": "kubernetes.io/pvc-protection",
    "persistentvolumes": "kubernetes.io/pv-protection",
}


async def protection(change: Change, view: View) -> None:
    """Keep what is in use: the finalizer goes when nobody uses it any more."""
    if change.operation != "CREATE" or change.subresource or change.new is None or change.resource.group:
        return
    if (name := PROTECTION.get(change.resource.plural)) is not None:
        given: list[str] = change.new["metadata"].get("finalizers", [])
        if name not in given:
            change.new["metadata"]["finalizers"] = [*given, name]


async def default_class(change: Change, view: View) -> None:
    """A claim that names no class, not even none (``), gets the default; of several the newest."""
    if change.operation != "CREATE" or not _is_claim(change) or change.new is None:
        return
    names_one = "storageClassName" in change.new["spec"]
    if names_one or usage.DEFAULT_CLASS in change.new["metadata"].get("annotations", {}):
        return
    classes = view.catalogue.get("storage.k8s.io", "v1", "storageclasses")
    every = [objects.decode(classes, kv) for kv in (await view.storage.all(classes)).kvs]
    if (name := newest([one for one in every if storageclass.is_default(one)])) is not None:
        change.new["spec"]["storageClassName"] = name


def newest(classes: Sequence[Json]) -> str | None:
    """The name of the class that is the newest, the first by name of several; None if there are none."""
    metadata = [one["metadata"] for one in classes]
    last = max((one["creationTimestamp"] for one in metadata), default=None)
    return min((one["name"] for one in metadata if one["creationTimestamp"] == last), default=None)


async def resize(change: Change, view: View) -> None:
    """Raises Forbidden where a claim grows whose class does not allow it, or that has no volume yet."""
    if change.operation != "UPDATE" or not _is_claim(change) or change.new is None or change.old is None:
        return
    if _asked(change.new) <= _asked(change.old):
        return
    subject = change.resource.subject(change.name)
    if objects.dig(change.old, "status", "phase") != "Bound":
        raise status.Forbidden("only bound persistent volume claims can be expanded", subject)
    classes = view.catalogue.get("storage.k8s.io", "v1", "storageclasses")
    name = usage.class_of(change.old)
    found = await view.storage.find(classes, "", name) if name else None
    if found is None or not objects.decode(classes, found).get("allowVolumeExpansion"):
        why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must"
        raise status.Forbidden(f"{why} support resize", subject)


def _asked(claim: Json) -> quantity.Quantity:
    return quantity.parse(objects.dig(claim, "spec", "resources", "requests", "storage") or "0")


def _is_claim(change: Change) -> bool:
    named = (change.resource.group, change.resource.plural, change.subresource)
    return named == ("", "persistentvolumeclaims", "")
