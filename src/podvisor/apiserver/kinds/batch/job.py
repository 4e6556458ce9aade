"""Job."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field

UID_LABEL, NAME_LABEL = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
_OLD_UID_LABEL, _OLD_NAME_LABEL = "controller-uid", "job-name"
_NUMBERS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
_INDEX_NUMBERS = ("backoffLimitPerIndex", "maxFailedIndexes")
_FIXED = ("completions", "selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy")


def _default(item: Json) -> None:
    spec = workloads.default_template(item)
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 2**31 - 1 if "backoffLimitPerIndex" in spec else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    spec.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")


def _create(item: Json) -> None:
    """Select the job's own pods by its uid, unless the client chose the selector itself."""
    spec = item.setdefault("spec", {})
    item["metadata"]["generation"] = 1
    if spec.get("manualSelector"):
        return
    metadata = item["metadata"]
    uid, name = metadata["uid"], metadata.get("name", "")
    labels = spec.setdefault("template", {}).setdefault("metadata", {}).setdefault("labels", {})
    labels |= {UID_LABEL: uid, _OLD_UID_LABEL: uid, NAME_LABEL: name, _OLD_NAME_LABEL: name}
    if spec.get("selector") is None:
        spec["selector"] = {"matchLabels": {UID_LABEL: uid}}
    if not metadata.get("labels"):
        metadata["labels"] = dict(labels)


def _validate(item: Json) -> Iterator[field.Error]:
    spec = item["spec"]
    for name in (*_NUMBERS, *_INDEX_NUMBERS):
        yield from workloads.at_least(item, "spec", name)
    yield from workloads.validate(item, "job", ("Never", "OnFailure"))
    if spec["template"]["spec"]["restartPolicy"] == "Always":
        return
    if spec["completionMode"] not in ("NonIndexed", "Indexed"):
        yield field.unsupported("spec.completionMode", spec["completionMode"], ("NonIndexed", "Indexed"))
    if spec["completionMode"] == "Indexed" and "completions" not in spec:
        yield field.required("spec.completions", "when completion mode is Indexed")
    if "backoffLimitPerIndex" in spec and spec["completionMode"] != "Indexed":
        yield field.invalid(
            "spec.backoffLimitPerIndex", spec["backoffLimitPerIndex"], "requires indexed completion mode"
        )


def _validate_update(new: Json, old: Json) -> Iterator[field.Error]:
    before, after = old["spec"], new["spec"]
    elastic = after["completionMode"] == "Indexed" and after.get("completions") == after["parallelism"]
    for name in _FIXED:
        if before.get(name) != after.get(name) and not (name == "completions" and elastic):
            yield field.invalid(f"spec.{name}", after.get(name), "field is immutable")
    suspended = before["suspend"] and "startTime" not in old.get("status", {})
    if not suspended and before["template"] != after["template"]:
        yield field.invalid("spec.template", after["template"], "field is immutable")


def _status_text(item: Json) -> str:
    for one in objects.dig(item, "status", "conditions") or ():
        if one["status"] == "True" and one["type"] in ("Complete", "Failed", "Suspended"):
            return one["type"]
    if "deletionTimestamp" in item["metadata"]:
        return "Terminating"
    for one in objects.dig(item, "status", "conditions") or ():
        if one["status"] == "True" and one["type"] in ("SuccessCriteriaMet", "FailureTarget"):
            return one["type"]
    return "Running"


def _row(item: Json, now: datetime) -> Cells:
    spec, status = item["spec"], item.get("status", {})
    done = status.get("succeeded", 0)
    wanted = (
        f"{done}/{spec['completions']}"
        if "completions" in spec
        else (f"{done}/1 of {spec['parallelism']}" if spec.get("parallelism", 1) > 1 else f"{done}/1")
    )
    return (
        item["metadata"]["name"],
        _status_text(item),
        wanted,
        _duration(status, now),
        cells.age(item["metadata"], now),
        *workloads.containers(item),
        workloads.selector(item),
    )


def _duration(status: Json, now: datetime) -> str:
    if not (start := status.get("startTime")):
        return ""
    end = cells.parse_time(status["completionTime"]) if "completionTime" in status else now
    return cells.since(start, end)


_WIDE = tuple(Column(name, wide=True) for name in ("Containers", "Images", "Selector"))


RECORD = Resource(
    "batch",
    "v1",
    "jobs",
    "Job",
    categories=("all",),
    columns=(NAME, Column("Status"), Column("Completions"), Column("Duration"), AGE, *_WIDE),
    row=_row,
    hooks=Hooks(default=_default, create=_create, validate=_validate, validate_update=_validate_update),
    fields={
        "status.successful": objects.text("status", "succeeded"),
    },
    has_status=True,
    counts_generations=True,
)
