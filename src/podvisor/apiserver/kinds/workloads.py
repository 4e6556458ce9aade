"""What Deployment, ReplicaSet, StatefulSet, DaemonSet and Job have in common: a selector and a pod template."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from podvisor.apiserver import cells
from podvisor.apiserver.kinds.podspec import defaults, spec
from podvisor.apiserver.resource import Cells, Column, Json
from podvisor.types import field, formats, rules, selectors
from podvisor.types.field import Error

WIDE = tuple(Column(name, wide=True) for name in ("Containers", "Images", "Selector"))
"""The columns of `kubectl get -o wide`."""


def default_template(item: Json) -> Json:
    """Give the template its defaults; the spec that holds it."""
    holder: Json = item.setdefault("spec", {})
    template = holder.setdefault("template", {})
    template.setdefault("metadata", {})
    defaults.template(template.setdefault("spec", {}))
    return holder


def not_empty(word: str) -> rules.Check:
    """A selector with at least one condition; `word` is what errors call the kind."""

    def objections(at: rules.At) -> Iterator[Error]:
        if not any(at.value.values()):
            yield field.invalid(at.path, at.value, f"empty selector is invalid for {word}")

    return rules.Check("not_empty", objections)


def is_usable(at: rules.At) -> bool:
    """True if the selector of a spec selects something, be it nothing."""
    return at.get("selector") is None or not selectors.validate(at.get("selector"), field.ROOT)


def _usable(at: rules.At) -> Iterator[Error]:
    if not is_usable(at):
        yield field.invalid(at.path.child("selector"), at.get("selector"), "invalid label selector")


def matches_template(at: rules.At) -> Iterator[Error]:
    """Whether the pods of the template are selected; a selector without conditions is refused elsewhere."""
    selector = at.get("selector")
    parsed = selectors.from_object(selector)
    labels = at.mapping("template", "metadata", "labels")
    if parsed is None or not parsed.matches(labels):
        path = at.path.child("template", "metadata", "labels")
        yield field.invalid(path, labels, "`selector` does not match template `labels`")


def selector_and_template(word: str, *policies: rules.Rule) -> tuple[rules.Rule, ...]:
    """The rules of a spec's selector and template, in this order; `word` is what errors call the kind."""
    return (
        rules.field("selector", rules.required(), rules.selector(), not_empty(word)),
        _usable,
        rules.when(is_usable, matches_template, rules.field("template", *spec.TEMPLATE, *policies)),
    )


def always_running(word: str) -> tuple[rules.Rule, ...]:
    """The rules of a template whose pods never end by themselves."""
    return (
        rules.field(
            "spec",
            rules.field("restartPolicy", rules.one_of("Always")),
            rules.field("activeDeadlineSeconds", rules.forbidden(f"activeDeadlineSeconds in {word} is not Supported")),
        ),
    )


SELECTOR_IS_FIXED = rules.field("spec", rules.field("selector", rules.immutable()))


def _number_or_percent(at: rules.At) -> Iterator[Error]:
    if isinstance(at.value, int):
        yield from rules.at_least(0).check(at)
    else:
        yield from rules.matches(formats.percent).check(at)


def not_above_100_percent(at: rules.At) -> Iterator[Error]:
    """A percentage of pods that there are."""
    if isinstance(at.value, str) and not [*formats.percent(at.value)] and (scaled(at.value) or 0) > 100:
        yield field.invalid(at.path, at.value, "must not be greater than 100%")


NUMBER_OR_PERCENT = rules.Check("number_or_percent", _number_or_percent)


def counts(*names: str) -> tuple[rules.Rule, ...]:
    """Numbers of a status, none of which is negative."""
    return tuple(rules.field(name, rules.at_least(0)) for name in names)


def not_above(name: str, other: str, detail: str) -> rules.Check:
    """A number of a status that is not larger than another one."""

    def objections(at: rules.At) -> Iterator[Error]:
        if (value := at.get(name) or 0) > (at.get(other) or 0):
            yield field.invalid(at.path.child(name), value, detail)

    return rules.Check(f"not_above({name}, {other})", objections)


_ABOVE = "cannot be greater than status.replicas"
REPLICA_COUNTS = (
    rules.field(
        "status",
        *counts(
            "replicas",
            "fullyLabeledReplicas",
            "readyReplicas",
            "availableReplicas",
            "observedGeneration",
            "terminatingReplicas",
        ),
        *(not_above(f"{name}Replicas", "replicas", _ABOVE) for name in ("fullyLabeled", "ready", "available")),
        not_above("availableReplicas", "readyReplicas", "cannot be greater than readyReplicas"),
    ),
)
"""The rules for the status of what keeps equal pods alive."""


def not_decremented(at: rules.At) -> Iterator[Error]:
    """A number of a status that only grows."""
    if at.updating and (at.value or 0) < (at.old or 0):
        yield field.invalid(at.path, at.value or 0, "cannot be decremented")


def scaled(value: Any) -> int | None:
    """A number or percentage as the number before the `%`; None if it is neither."""
    if isinstance(value, int):
        return value
    text = str(value).removesuffix("%")
    return int(text) if text.isdecimal() else None


def containers(item: Json) -> tuple[str, str]:
    """The columns Containers and Images."""
    every = item["spec"]["template"]["spec"].get("containers", ())
    return ",".join(one["name"] for one in every), ",".join(one.get("image", "") for one in every)


def replica_cells(item: Json, now: datetime) -> Cells:
    """The columns of what keeps equal pods alive, all but Selector."""
    status = item.get("status", {})
    return (
        item["metadata"]["name"],
        item["spec"]["replicas"],
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        cells.age(item["metadata"], now),
        *containers(item),
    )


def selector(item: Json) -> str:
    """The column Selector."""
    parsed = selectors.from_object(item["spec"].get("selector"))
    return selectors.to_text(parsed) if parsed else cells.labels(None)
