"""What Deployment, ReplicaSet, StatefulSet, DaemonSet and Job have in common: a selector and a pod template."""

from collections.abc import Iterator, Sequence
from typing import Any

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds.podspec import defaults
from podvisor.apiserver.kinds.podspec import spec as podspec
from podvisor.apiserver.resource import Json
from podvisor.types import field, names, selectors
from podvisor.types.field import Path

SPEC = Path("spec")


def default_template(item: Json) -> Json:
    """Give the template its defaults; the spec that holds it."""
    spec: Json = item.setdefault("spec", {})
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    defaults.template(template.setdefault("spec", {}))
    return spec


def validate(item: Json, kind: str, restart_policies: Sequence[str] = ("Always",)) -> Iterator[field.Error]:
    """Objections to the selector, and to the template that must match it."""
    spec = item["spec"]
    yield from _selector(spec, kind)
    template = spec["template"]
    path = SPEC.child("template")
    yield from names.labels(template["metadata"].get("labels", {}), path.child("metadata", "labels"))
    yield from names.annotations(template["metadata"].get("annotations", {}), path.child("metadata", "annotations"))
    yield from podspec.validate(template["spec"], path.child("spec"))
    policy = template["spec"]["restartPolicy"]
    if policy in podspec.RESTART_POLICIES and policy not in restart_policies:
        yield field.unsupported(path.child("spec", "restartPolicy"), policy, restart_policies)
    if template["spec"].get("activeDeadlineSeconds") is not None and restart_policies == ("Always",):
        here = path.child("spec", "activeDeadlineSeconds")
        yield field.forbidden(here, f"activeDeadlineSeconds in {kind} is not Supported")


def _selector(spec: Json, kind: str) -> Iterator[field.Error]:
    path = SPEC.child("selector")
    selector = spec.get("selector")
    errors = [field.required(path)] if selector is None else list(selectors.validate(selector, path))
    if selector is not None and not any(selector.values()):
        errors.insert(0, field.invalid(path, selector, f"empty selector is invalid for {kind}"))
    yield from errors
    if selector is not None and errors:
        return
    labels = spec["template"]["metadata"].get("labels", {})
    parsed = selectors.from_object(selector)
    if parsed is None or not parsed.matches(labels):
        here = SPEC.child("template", "metadata", "labels")
        yield field.invalid(here, labels, "`selector` does not match template `labels`")


def selector_is_fixed(new: Json, old: Json) -> Iterator[field.Error]:
    """Objections to a changed selector."""
    selector = new["spec"].get("selector")
    if selector != old["spec"].get("selector"):
        yield field.invalid(SPEC.child("selector"), selector, "field is immutable")


def at_least(item: Json, *path: str, least: int = 0) -> Iterator[field.Error]:
    """Objections to a number that is too small."""
    value = objects.dig(item, *path)
    if value is not None and value < least:
        yield field.invalid(".".join(path), value, f"must be greater than or equal to {least}")


def scaled(value: Any) -> int | None:
    """A number or percentage as the number before the `%`; None if it is neither."""
    text = str(value).removesuffix("%")
    return int(text) if text.isdecimal() else None


def containers(item: Json) -> tuple[str, str]:
    """The columns Containers and Images."""
    every = item["spec"]["template"]["spec"].get("containers", ())
    return ",".join(one["name"] for one in every), ",".join(one.get("image", "") for one in every)


def selector(item: Json) -> str:
    """The column Selector."""
    parsed = selectors.from_object(item["spec"].get("selector"))
    return selectors.to_text(parsed) if parsed else cells.labels(None)
