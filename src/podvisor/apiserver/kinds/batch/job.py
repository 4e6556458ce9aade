"""Job."""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds import workloads
from podvisor.apiserver.kinds.podspec import spec as podspec
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, names, rules, selectors
from podvisor.types.field import Error

UID_LABEL, NAME_LABEL = "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"
_OLD_UID_LABEL, _OLD_NAME_LABEL = "controller-uid", "job-name"
_MOST, _FEW = 100_000, 10_000
"""Indexes that a job may have, and pods at a time of one with very many."""


def _default(item: Json) -> None:
    spec = workloads.default_template(item)
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", 2**31 - 1 if "backoffLimitPerIndex" in spec else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("manualSelector", False)
    for rule in spec.get("podFailurePolicy", {}).get("rules", ()):
        for pattern in rule.get("onPodConditions", ()):
            pattern["status"] = pattern.get("status") or "True"
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
    if labels and not metadata.get("labels"):
        metadata["labels"] = dict(labels)
    # A label of the client's that differs stays, so that it is refused.
    for key, value in ((UID_LABEL, uid), (_OLD_UID_LABEL, uid), (NAME_LABEL, name), (_OLD_NAME_LABEL, name)):
        labels.setdefault(key, value)
    if spec.get("selector") is None:
        spec["selector"] = {"matchLabels": {UID_LABEL: uid}}
    # Upstream's defaults run once more when the object is read, and then find the generated ones.
    if not metadata.get("labels"):
        metadata["labels"] = dict(labels)


def _generated_selector(at: rules.At) -> Iterator[Error]:
    """A job whose selector the server makes has the labels that go with it."""
    if at.updating or at.get("spec", "manualSelector") or at.get("spec", "selector") is None:
        return
    uid, name = at.get("metadata", "uid"), at.get("metadata", "name") or ""
    labels = at.mapping("spec", "template", "metadata", "labels")
    path = at.path.child("spec", "template", "metadata", "labels")
    wanted = {_OLD_UID_LABEL: uid, _OLD_NAME_LABEL: name, UID_LABEL: uid, NAME_LABEL: name}
    for key, value in wanted.items():
        if labels.get(key) != value:
            yield field.invalid(path.key(key), labels.get(key, ""), f"must be '{value}'")
    parsed = selectors.from_object(at.get("spec", "selector")) if workloads.is_usable(at.child("spec")) else None
    if parsed is not None and not parsed.matches(wanted):
        yield field.invalid(
            at.path.child("spec", "selector"), at.get("spec", "selector"), "`selector` not auto-generated"
        )


def _host_names(at: rules.At) -> Iterator[Error]:
    """The pods of an indexed job are named after it and their index."""
    count = at.get("spec", "completions") or 0
    if at.updating or at.get("spec", "completionMode") != "Indexed" or count <= 0:
        return
    name = at.get("metadata", "name") or ""
    longest = f"{name}-{count - 1}"
    if [*names.dns_label(longest)]:
        detail = f"will not able to create pod with invalid DNS label: {longest}"
        yield field.invalid(at.path.child("metadata", "name"), name, detail)


def _indexes(at: rules.At) -> Iterator[Error]:
    """What an indexed job may want, so that its status stays short."""
    done, failed, parallel = at.get("completions"), at.get("maxFailedIndexes"), at.get("parallelism") or 0
    if done is None:
        yield field.required(at.path.child("completions"), "when completion mode is Indexed")
    if parallel > _MOST:
        detail = f"must be less than or equal to {_MOST} when completion mode is Indexed"
        yield field.invalid(at.path.child("parallelism"), parallel, detail)
    if done is not None and failed is not None and failed > done:
        yield field.invalid(at.path.child("maxFailedIndexes"), failed, "must be less than or equal to completions")
    if failed is not None and failed > _MOST:
        yield field.invalid(at.path.child("maxFailedIndexes"), failed, f"must be less than or equal to {_MOST}")
    if (done or 0) > _MOST and at.get("backoffLimitPerIndex") is not None:
        yield from _many_completions(at, failed, parallel)


def _many_completions(at: rules.At, failed: int | None, parallel: int) -> Iterator[Error]:
    detail = f"when completions are above {_MOST} and used with backoff limit per index"
    if failed is None:
        why = f"must be specified when completions is above {_MOST}"
        yield field.required(at.path.child("maxFailedIndexes"), why)
    for name, value in (("parallelism", parallel), ("maxFailedIndexes", failed or 0)):
        if value > _FEW:
            yield field.invalid(at.path.child(name), value, f"must be less than or equal to {_FEW} {detail}")


def _exit_codes(at: rules.At) -> Iterator[Error]:
    values: list[int] = at.value or []
    if not values:
        yield field.invalid(at.path, values, "at least one value is required")
    elif len(values) > 255:
        yield field.too_many(at.path, len(values), 255)
    for index, value in enumerate(values):
        if at.up is not None and at.up.get("operator") == "In" and not value:
            yield field.invalid(at.path.at(index), value, "must not be 0 for the In operator")
        if value in values[:index]:
            yield field.duplicate(at.path.at(index), value)
    if values != sorted(values):
        yield field.invalid(at.path, values, "must be ordered")


def _known_container(at: rules.At) -> Iterator[Error]:
    spec = at.inside("job")
    lists = (spec.listed("template", "spec", kind) for kind in ("containers", "initContainers"))
    if at.value not in [one.get("name") for containers in lists for one in containers]:
        detail = "must be one of the container or initContainer names in the pod template"
        yield field.invalid(at.path, at.value, detail)


def _per_index(at: rules.At) -> Iterator[Error]:
    if at.value == "FailIndex" and at.inside("job").get("backoffLimitPerIndex") is None:
        yield field.invalid(at.path, at.value, "requires the backoffLimitPerIndex to be set")


def _one_condition(at: rules.At) -> Iterator[Error]:
    codes, conditions = at.get("onExitCodes") is not None, bool(at.listed("onPodConditions"))
    if codes and conditions:
        yield field.invalid_place(at.path, "specifying both OnExitCodes and OnPodConditions is not supported")
    elif not codes and not conditions:
        yield field.invalid_place(at.path, "specifying one of OnExitCodes and OnPodConditions is required")


def _word(*known: str) -> tuple[rules.Rule, ...]:
    """A word that has to be there; the error says which there are."""
    shown = " ".join(f'"{word}"' for word in sorted(known))
    return rules.required(f"valid values: [{shown}]"), rules.one_of(*known)


_FAILURE_POLICY = rules.optional(
    "podFailurePolicy",
    rules.field(
        "rules",
        rules.max_items(20),
        rules.each(
            rules.field("action", *_word("Count", "FailIndex", "FailJob", "Ignore"), _per_index),
            rules.optional(
                "onExitCodes",
                rules.field("operator", *_word("In", "NotIn")),
                rules.field("containerName", _known_container),
                rules.field("values", rules.asks_nothing(_exit_codes)),
            ),
            rules.field(
                "onPodConditions",
                rules.max_items(20),
                rules.each(
                    rules.field("type", podspec.QUALIFIED),
                    rules.field("status", *_word("False", "True", "Unknown")),
                ),
            ),
            _one_condition,
        ),
    ),
)


def count_indexes(text: str, completions: int) -> int:
    """How many indexes `1,3-5` names. Raises ValueError in Kubernetes' words for what is no such text."""
    total, last = 0, -1
    for interval in text.split(",") if text else ():
        first, _, end = interval.partition("-")
        low = _index(first, completions)
        high = _index(end, completions) if "-" in interval else low
        if interval.count("-") > 1:
            rule = "an index interval can have at most two parts separated by '-'"
            raise ValueError(f'the fragment "{interval}" violates the requirement that {rule}')
        if "-" in interval and low >= high:
            raise ValueError(f"non-increasing order, previous: {low}, current: {high}")
        if last >= low:
            raise ValueError(f"non-increasing order, previous: {last}, current: {low}")
        total, last = total + high - low + 1, high
    return total


def _index(text: str, completions: int) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f'cannot convert string to integer for index: "{text}"')
    if int(text) >= completions:
        raise ValueError(f'too large index: "{text}"')
    return int(text)


def _success(at: rules.At) -> Iterator[Error]:
    count, indexes = at.get("succeededCount"), at.get("succeededIndexes")
    completions = at.inside("job").get("completions") or 0
    if count is None and indexes is None:
        yield field.required(at.path, "at least one of succeededCount or succeededIndexes must be specified")
    total = 0
    if indexes is not None:
        try:
            total = count_indexes(indexes, completions)
        except ValueError as error:
            detail = f"error parsing succeededIndexes: {error}"
            yield field.invalid(at.path.child("succeededIndexes"), indexes, detail)
    if count is not None:
        yield from _success_count(at, count, completions, None if indexes is None else total)


def _success_count(at: rules.At, count: int, completions: int, total: int | None) -> Iterator[Error]:
    path = at.path.child("succeededCount")
    if count < 0:
        yield field.invalid(path, count, "must be greater than or equal to 0")
    if count > completions:
        detail = f"must be less than or equal to {completions} (the number of specified completions)"
        yield field.invalid(path, count, detail)
    if total is not None and count > total:
        detail = (
            f"must be less than or equal to {total} (the number of indexes in the specified succeededIndexes field)"
        )
        yield field.invalid(path, count, detail)


_INDEXED = rules.equals("completionMode", "Indexed")
_SUCCESS_POLICY = (
    rules.when(
        rules.negated(_INDEXED), rules.field("successPolicy", rules.invalid("requires indexed completion mode"))
    ),
    rules.when(
        _INDEXED,
        rules.optional(
            "successPolicy",
            rules.field(
                "rules",
                rules.required("at least one rules must be specified when the successPolicy is specified"),
                rules.max_items(20),
                rules.each(rules.field("succeededIndexes", rules.max_bytes(64 * 1024)), _success),
            ),
        ),
    ),
)


def _policy_with_backoff(at: rules.At) -> Iterator[Error]:
    if at.get("podFailurePolicy") is not None and at.get("template", "spec", "restartPolicy") != "Never":
        path = at.path.child("template", "spec", "restartPolicy")
        value = at.get("template", "spec", "restartPolicy") or ""
        yield field.invalid(path, value, 'only "Never" is supported when podFailurePolicy is specified')


def _ends(at: rules.At) -> Iterator[Error]:
    """The pods of a job end; Always is what a template without a policy has."""
    path, policy = at.path, at.value or "Always"
    if policy == "Always":
        yield field.required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield field.unsupported(path, policy, ("OnFailure", "Never"))


def _completions_stay(at: rules.At) -> Iterator[Error]:
    """Those of an indexed job may change together with its parallelism."""
    if not at.updating or at.get("completions") == at.old.get("completions"):
        return
    path, value = at.path.child("completions"), at.get("completions")
    if at.get("completionMode") != "Indexed":
        yield field.invalid(path, value, "field is immutable")
    elif value is not None and value != at.get("parallelism"):
        yield field.invalid(path, value, "can only be modified in tandem with spec.parallelism")


def _template_stays(at: rules.At) -> Iterator[Error]:
    """Where the pods of a suspended job that never ran may go can still change."""
    if not at.updating:
        return
    before, after = at.old["spec"]["template"], at.get("spec", "template")
    fresh = at.old["spec"].get("suspend") and "startTime" not in at.old.get("status", {})
    if (_without_directives(before) != _without_directives(after)) if fresh else before != after:
        yield field.invalid(at.path.child("spec", "template"), after, "field is immutable")


def _without_directives(template: Json) -> Json:
    metadata = {key: value for key, value in template["metadata"].items() if key not in ("labels", "annotations")}
    moved = ("nodeSelector", "tolerations", "schedulingGates", "affinity")
    spec = {key: value for key, value in template["spec"].items() if key not in moved}
    others = {key: value for key, value in template["spec"].get("affinity", {}).items() if key != "nodeAffinity"}
    return {"metadata": metadata, "spec": spec | ({"affinity": others} if others else {})}


_FIXED = ("selector", "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy")
_NUMBERS = [
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
]
_SPEC = (
    *(rules.field(name, rules.at_least(0)) for name in (*_NUMBERS, "maxFailedIndexes")),
    rules.required_with("backoffLimitPerIndex", "maxFailedIndexes", "when maxFailedIndexes is specified"),
    rules.field("managedBy", rules.matches(names.domain_prefixed_path), rules.max_bytes(63)),
    rules.field("completionMode", rules.one_of("NonIndexed", "Indexed")),
    rules.when(_INDEXED, _indexes),
    rules.when(
        rules.equals("completionMode", None, "NonIndexed"),
        *(
            rules.field(name, rules.invalid("requires indexed completion mode"))
            for name in ("backoffLimitPerIndex", "maxFailedIndexes")
        ),
    ),
    _FAILURE_POLICY,
    *_SUCCESS_POLICY,
    rules.when(
        lambda at: at.get("podFailurePolicy") is None,
        rules.field("podReplacementPolicy", rules.one_of("Failed", "TerminatingOrFailed")),
    ),
    rules.when(
        lambda at: at.get("podFailurePolicy") is not None,
        rules.field("podReplacementPolicy", rules.one_of("Failed")),
    ),
    rules.field("template", *podspec.TEMPLATE),
    rules.field("template", rules.field("spec", rules.field("restartPolicy", rules.asks_nothing(_ends)))),
    _policy_with_backoff,
)
RULES = (
    _generated_selector,
    rules.field(
        "spec",
        rules.scope("job", *_SPEC),
        rules.field("selector", rules.required(), rules.selector()),
        rules.when(workloads.is_usable, workloads.matches_template),
        _completions_stay,
        *(rules.field(name, rules.immutable()) for name in _FIXED),
    ),
    _template_stays,
    _host_names,
)
SPEC_RULES = _SPEC
"""Those of the template of a job as well."""
STATUS_RULES = (rules.field("status", *workloads.counts("active", "succeeded", "failed", "ready", "terminating")),)


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


RECORD = Resource(
    "batch",
    "v1",
    "jobs",
    "Job",
    categories=("all",),
    columns=(NAME, Column("Status"), Column("Completions"), Column("Duration"), AGE, *workloads.WIDE),
    row=_row,
    hooks=Hooks(default=_default, create=_create),
    rules=RULES,
    status_rules=STATUS_RULES,
    fields={
        "status.successful": objects.text("status", "succeeded"),
    },
    has_status=True,
    counts_generations=True,
)
