"""From `kubectl apply` to `kubectl apply --server-side` without conflicts, and the annotation of the first kept true.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#upgrading-from-client-side-apply-to-server-side-apply
"""

from typing import Any, cast

import orjson

from podvisor.types.managed import applying, compare, conflicts, elements, sets, typed, validation
from podvisor.types.managed.applying import Configuration
from podvisor.types.managed.managers import Managed
from podvisor.types.managed.scope import Scope
from podvisor.types.managed.sets import Fields

Json = dict[str, Any]

KUBECTL = "kubectl"
"""The manager whose configurations take over from the annotation. Others choose another name."""
ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def apply(scope: Scope, live: Json, config: Configuration, managed: Managed, now: str) -> tuple[Json, Managed]:
    """As `applying.apply`, but kubectl takes without force what the annotation says it has applied before."""
    try:
        new, others = applying.apply(scope, live, config, managed, now)
    except conflicts.Conflicts as error:
        if config.who != KUBECTL:
            raise
        _check_allowed(error, _still_as_applied(scope, live))
        forced = Configuration(config.content, config.who, force=True)
        new, others = applying.apply(scope, live, forced, managed, now)
    if config.who == KUBECTL and _annotation(new):
        new = _with_annotation(new, config.content)
    return new, others


def _check_allowed(error: conflicts.Conflicts, allowed: Fields) -> None:
    """Raises the conflicts that are not `allowed`, if there are any."""
    left = [one for one in error.found if not sets.has(allowed, one.path)]
    if left:
        raise conflicts.Conflicts(left)


def _still_as_applied(scope: Scope, live: Json) -> Fields:
    """The fields of the annotation that the object has as they were applied."""
    try:
        applied: Any = orjson.loads(_annotation(live))
        if not isinstance(applied, dict) or cast("Json", applied).get("apiVersion") != scope.version:
            return {}
        validation.check(scope.type, applied)
        found = compare.compare(scope.type, applied, live)
        fields = compare.fields_of(scope.type, applied)
    except (orjson.JSONDecodeError, validation.Invalid, typed.Unkeyed):
        return {}
    for part in (found.modified, found.added, found.removed):
        fields = sets.difference(fields, part)
    return fields


def _annotation(item: Json) -> str:
    annotations: Any = item.get("metadata", {}).get("annotations")
    return cast("Json", annotations).get(ANNOTATION) or "" if isinstance(annotations, dict) else ""


def _with_annotation(item: Json, config: Json) -> Json:
    """`item` whose annotation says what has been applied; without it if all annotations would be too large."""
    metadata: Json = item["metadata"]
    annotations = {name: value for name, value in metadata["annotations"].items() if name != ANNOTATION}
    text = elements.sorted_json(_without_annotation(config)) + "\n"
    if sum(len(name) + len(str(value).encode()) for name, value in annotations.items()) + len(text) <= _MOST:
        annotations[ANNOTATION] = text
    return item | {"metadata": metadata | {"annotations": annotations}}


_MOST = 256 * 1024 - len(ANNOTATION)


def _without_annotation(config: Json) -> Json:
    metadata = config.get("metadata")
    if not _annotation(config) or not isinstance(metadata, dict):
        return config
    given = cast("Json", metadata)
    left = {name: value for name, value in given["annotations"].items() if name != ANNOTATION}
    return config | {"metadata": given | {"annotations": left}}
