"""CSIDriver: what a driver of volumes wants of its cluster (https://kubernetes-csi.github.io/docs/csi-driver-object.html)."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, rules

_DEFAULTS: Json = {
    "attachRequired": True,
    "podInfoOnMount": False,
    "storageCapacity": False,
    "fsGroupPolicy": "ReadWriteOnceWithFSType",
    "requiresRepublish": False,
    "seLinuxMount": False,
}
_SHORTEST, _LONGEST = 600, 1 << 32


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    # Behind a gate that is closed in the version whose behaviour this server shows (MutableCSINodeAllocatableCount).
    spec.pop("nodeAllocatableUpdatePeriodSeconds", None)
    for name, value in _DEFAULTS.items():
        spec.setdefault(name, value)
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


def _tokens(at: rules.At) -> Iterator[field.Error]:
    seen: set[str] = set()
    for request in at.items():
        audience, seconds = request.get("audience") or "", request.get("expirationSeconds")
        if audience in seen:
            yield field.duplicate(request.path.child("audience"), audience)
            continue
        seen.add(audience)
        here = request.path.child("expirationSeconds")
        if seconds is not None and seconds < _SHORTEST:
            yield field.invalid(here, seconds, "may not specify a duration less than 10 minutes")
        if seconds is not None and seconds > _LONGEST:
            yield field.invalid(here, seconds, "may not specify a duration larger than 2^32 seconds")


def _modes(at: rules.At) -> Iterator[field.Error]:
    known = ("Persistent", "Ephemeral")
    yield from (field.unsupported(at.path, mode, known, in_order=True) for mode in at.value if mode not in known)


RULES = (
    rules.field(
        "spec",
        rules.field("fsGroupPolicy", rules.one_of("File", "None", "ReadWriteOnceWithFSType")),
        rules.field("tokenRequests", _tokens),
        rules.field("volumeLifecycleModes", _modes),
        # The name in the path is upstream's own slip.
        rules.field("attachRequired", rules.immutable(), shown="attachedRequired"),
        rules.field("volumeLifecycleModes", rules.immutable()),
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    spec = item["spec"]
    tokens = spec.get("tokenRequests")
    return (
        item["metadata"]["name"],
        *(spec[name] for name in ("attachRequired", "podInfoOnMount", "storageCapacity")),
        "<unset>" if tokens is None else ",".join(token.get("audience", "") for token in tokens),
        spec["requiresRepublish"],
        cells.join(spec["volumeLifecycleModes"]),
        cells.age(item["metadata"], now),
    )


RECORD = Resource(
    "storage.k8s.io",
    "v1",
    "csidrivers",
    "CSIDriver",
    namespaced=False,
    columns=(
        NAME,
        *(Column(name, "boolean") for name in ("AttachRequired", "PodInfoOnMount", "StorageCapacity")),
        Column("TokenRequests"),
        Column("RequiresRepublish", "boolean"),
        Column("Modes"),
        AGE,
    ),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
    counts_generations=True,
    unconditional_update=False,
)
