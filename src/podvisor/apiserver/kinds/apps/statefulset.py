"""StatefulSet."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.kinds.podspec import spec as podspec
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource, Scale
from podvisor.types import field, names, rules

_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def _default(item: Json) -> None:
    spec = workloads.default_template(item)
    spec["podManagementPolicy"] = spec.get("podManagementPolicy") or "OrderedReady"
    strategy = spec.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    if strategy["type"] == "RollingUpdate" and "rollingUpdate" in strategy:
        strategy["rollingUpdate"].setdefault("partition", 0)
    policy = spec.setdefault("persistentVolumeClaimRetentionPolicy", {})
    for when in ("whenDeleted", "whenScaled"):
        policy[when] = policy.get(when) or "Retain"
    spec.setdefault("replicas", 1)
    spec.setdefault("revisionHistoryLimit", 10)
    for claim in spec.get("volumeClaimTemplates", ()):
        _default_claim(claim)


def _default_claim(claim: Json) -> None:
    claim["apiVersion"], claim["kind"] = claim.get("apiVersion") or "v1", claim.get("kind") or "PersistentVolumeClaim"
    claim.setdefault("metadata", {})
    spec = claim.setdefault("spec", {})
    spec["volumeMode"] = spec.get("volumeMode") or "Filesystem"
    status = claim.setdefault("status", {})
    status["phase"] = status.get("phase") or "Pending"


def _create(item: Json) -> None:
    item["status"] = {"replicas": 0, "availableReplicas": 0}


def _management(at: rules.At) -> Iterator[field.Error]:
    if at.value not in ("OrderedReady", "Parallel"):
        yield field.invalid(at.path, at.value, "must be 'OrderedReady' or 'Parallel'")


def _known_strategy(at: rules.At) -> Iterator[field.Error]:
    """The error is about the whole strategy."""
    if at.get("type") not in ("RollingUpdate", "OnDelete"):
        yield field.invalid(at.path, at.value, "must be 'RollingUpdate' or 'OnDelete'")


def _not_zero(at: rules.At) -> Iterator[field.Error]:
    if not workloads.scaled(at.value):
        yield field.invalid(at.path, at.value, "cannot be 0")


def _only_rolling(at: rules.At) -> Iterator[field.Error]:
    yield field.invalid(at.path, at.value, "only allowed for updateStrategy 'RollingUpdate'")


def _usable(at: rules.At) -> Iterator[field.Error]:
    if not workloads.is_usable(at):
        yield field.invalid_place(at.path.child("selector"), field.shown(at.get("selector")))


def _fixed(at: rules.At) -> Iterator[field.Error]:
    """What the pods' names and claims rest on stays as it was made."""
    if at.updating and _kept(at.value) != _kept(at.old):
        shown = ", ".join(f"'{name}'" for name in _MUTABLE[:-1])
        detail = f"updates to statefulset spec for fields other than {shown} and '{_MUTABLE[-1]}' are forbidden"
        yield field.forbidden(at.path, detail)


def _kept(spec: Json) -> Json:
    return {name: value for name, value in spec.items() if name not in _MUTABLE and value not in ("", [], None)}


_STRATEGY = rules.field(
    "updateStrategy",
    rules.when(rules.equals("type", "OnDelete"), rules.field("rollingUpdate", _only_rolling)),
    rules.when(
        rules.equals("type", "RollingUpdate"),
        rules.field(
            "rollingUpdate",
            rules.field("partition", rules.at_least(0)),
            rules.field("maxUnavailable", workloads.NUMBER_OR_PERCENT, _not_zero, workloads.not_above_100_percent),
        ),
    ),
    _known_strategy,
)
RULES = (
    rules.field(
        "spec",
        rules.field("podManagementPolicy", _management),
        _STRATEGY,
        rules.field(
            "persistentVolumeClaimRetentionPolicy",
            *(rules.field(when, rules.one_of("Retain", "Delete")) for when in ("whenDeleted", "whenScaled")),
        ),
        *(rules.field(name, rules.at_least(0)) for name in ("replicas", "minReadySeconds")),
        rules.field("ordinals", rules.field("start", rules.at_least(0))),
        rules.when_creating(rules.field("serviceName", rules.matches(names.dns_label))),
        rules.field("selector", rules.required(), rules.selector(), workloads.not_empty("statefulset")),
        _usable,
        # Upstream leaves the pod's spec to the pods: the volumes of the claims are not in it yet.
        rules.when(workloads.is_usable, workloads.matches_template, rules.field("template", podspec.TEMPLATE_METADATA)),
        rules.field("template", *workloads.always_running("StatefulSet")),
        _fixed,
    ),
)
_ABOVE = "cannot be greater than status.replicas"
STATUS_RULES = (
    rules.field(
        "status",
        *workloads.counts(
            "replicas",
            "readyReplicas",
            "currentReplicas",
            "updatedReplicas",
            "availableReplicas",
            "observedGeneration",
            "collisionCount",
        ),
        *(
            workloads.not_above(f"{name}Replicas", "replicas", _ABOVE)
            for name in ("ready", "current", "updated", "available")
        ),
        workloads.not_above("availableReplicas", "readyReplicas", "cannot be greater than status.readyReplicas"),
        rules.field("collisionCount", rules.asks_nothing(workloads.not_decremented)),
    ),
)


def _warnings(item: Json) -> Iterator[str]:
    if (item["spec"].get("revisionHistoryLimit") or 0) < 0:
        advice = "a negative value retains all historical revisions; a value >= 0 is recommended"
        yield f"spec.revisionHistoryLimit: {advice}"


def _row(item: Json, now: datetime) -> Cells:
    ready = item.get("status", {}).get("readyReplicas", 0)
    return (
        item["metadata"]["name"],
        f"{ready}/{item['spec']['replicas']}",
        cells.age(item["metadata"], now),
        *workloads.containers(item),
    )


RECORD = Resource(
    "apps",
    "v1",
    "statefulsets",
    "StatefulSet",
    short_names=("sts",),
    categories=("all",),
    columns=(NAME, Column("Ready", description="Number of the pod with ready state"), AGE, *workloads.WIDE[:2]),
    row=_row,
    hooks=Hooks(default=_default, create=_create, warnings=_warnings),
    rules=RULES,
    status_rules=STATUS_RULES,
    name_rule=names.dns_label,
    has_status=True,
    scale=Scale(),
    counts_generations=True,
)
