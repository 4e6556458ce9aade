"""CustomResourceDefinition (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/)."""

from collections.abc import Sequence
from datetime import datetime

from podvisor.apiserver import objects
from podvisor.apiserver.kinds import clientconfig
from podvisor.apiserver.kinds.apiextensions import reading, rules
from podvisor.apiserver.resource import NAME, Cells, Column, Hooks, Json, Resource

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer of a definition whose objects are still there."""

_PENDING = {
    "reason": "InstanceDeletionPending",
    "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
}


def _default(item: Json) -> None:
    spec: Json = item.setdefault("spec", {})
    given: Json = spec.setdefault("names", {})
    kind = given.get("kind", "")
    if not given.get("singular"):
        given["singular"] = kind.lower()
    if not given.get("listKind") and kind:
        given["listKind"] = f"{kind}List"
    conversion: Json = spec.setdefault("conversion", {"strategy": "None"})
    clientconfig.default(objects.dig(conversion, "webhook", "clientConfig") or {})
    _remember_storage(item)


def _create(item: Json) -> None:
    item["status"] = {}
    _remember_storage(item)


def _remember_storage(item: Json) -> None:
    """What is stored may be in every version that ever was the one to store in."""
    stored: list[str] = item.setdefault("status", {}).setdefault("storedVersions", [])
    storing = next((one.get("name", "") for one in item["spec"].get("versions", ()) if one.get("storage")), None)
    if storing is not None and not stored:
        stored.append(storing)


def _update(new: Json, old: Json) -> None:
    stored: list[str] = list(new.setdefault("status", {}).get("storedVersions", ()))
    for version in new["spec"].get("versions", ()):
        if version.get("storage") and version.get("name", "") not in stored:
            new["status"] = new["status"] | {"storedVersions": [*stored, version["name"]]}
            break


def _delete(item: Json) -> None:
    """Its objects have to go before it does."""
    finalizers: list[str] = item["metadata"].setdefault("finalizers", [])
    if CLEANUP not in finalizers:
        finalizers.append(CLEANUP)
    conditions: list[Json] = item.setdefault("status", {}).setdefault("conditions", [])
    conditions[:] = [one for one in conditions if one["type"] != "Terminating"]
    conditions.append({"type": "Terminating", "status": "True"} | _PENDING)


def _row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], item["metadata"]["creationTimestamp"])


class _Definitions(Resource):
    """Definitions are read by code of their own."""

    def read(self, item: Json) -> tuple[Json, Sequence[str]]:
        """See Resource."""
        return reading.read(self.shape, item)


RECORD = _Definitions(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    namespaced=False,
    singular="customresourcedefinition",
    short_names=("crd", "crds"),
    categories=("api-extensions",),
    columns=(NAME, Column("Created At", "date")),
    row=_row,
    hooks=Hooks(default=_default, create=_create, update=_update, delete=_delete),
    rules=(rules.check,),
    status_rules=(rules.check_status,),
    has_status=True,
    status_resets=(("metadata",),),
    counts_generations=True,
    unconditional_update=False,
)
