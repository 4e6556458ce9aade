"""Rules for the environment of a container, and for what it may read from its pod."""

from collections.abc import Iterator, Sequence

from podvisor.types import field, names, quantity, rules
from podvisor.types.field import Error

_ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
_VOLUME_FIELDS = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
_KNOWN_FIELDS = {*_ENV_FIELDS, *_VOLUME_FIELDS, "spec.restartPolicy", "spec.schedulerName", "status.phase"}
_RESOURCES = tuple(
    f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "ephemeral-storage", "memory")
)
_UNITS = ("1", *(f"1{unit}" for unit in ("k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")))
_SUBSCRIPTED = {"metadata.annotations": str.lower, "metadata.labels": str}


def _subscript(path: str) -> tuple[str, str] | None:
    """`metadata.labels['app']` as its parts, None if there is no subscript."""
    if not path.endswith("']") or "['" not in path:
        return None
    name, _, key = path[:-2].partition("['")
    return (name, key) if name else None


def _field_path(known: Sequence[str]) -> rules.Check:
    """A field of the pod that can be read in this place."""

    def objections(at: rules.At) -> Iterator[Error]:
        path = at.get("fieldPath") or ""
        if not path:
            yield field.required(at.path.child("fieldPath"))
            return
        if parts := _subscript(path):
            name, key = parts
            if name not in _SUBSCRIPTED:
                why = f"error converting fieldPath: field label does not support subscript: {path}"
                yield field.invalid(at.path.child("fieldPath"), path, why)
                return
            yield from (field.invalid(at.path, key, why) for why in names.qualified(_SUBSCRIPTED[name](key)))
        elif path not in _KNOWN_FIELDS:
            why = f"error converting fieldPath: field label not supported: {path}"
            yield field.invalid(at.path.child("fieldPath"), path, why)
        elif path not in known:
            yield field.unsupported(at.path.child("fieldPath"), path, known)

    return rules.Check("field_path", objections)


def _resource(*, in_volume: bool) -> rules.Check:
    """A request or limit of a container, which has to be named where that is not clear."""

    def objections(at: rules.At) -> Iterator[Error]:
        name = at.get("resource") or ""
        if in_volume and not at.get("containerName"):
            yield field.required(at.path.child("containerName"))
        elif not name:
            yield field.required(at.path.child("resource"))
        elif name not in _RESOURCES and not name.startswith(("limits.hugepages-", "requests.hugepages-")):
            yield field.unsupported(at.path.child("resource"), name, _RESOURCES)
        yield from _divisor(at, name)

    return rules.Check("resource", objections)


def _divisor(at: rules.At, name: str) -> Iterator[Error]:
    divisor = at.get("divisor") or "0"
    if not quantity.parse(divisor).amount:
        return
    kind, _, what = name.partition(".")
    words = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}
    if kind not in ("limits", "requests"):
        return
    if what == "cpu":
        if divisor not in ("1m", "1"):
            why = "only divisor's values 1m and 1 are supported with the cpu resource"
            yield field.invalid(at.path.child("divisor"), name, why)
    elif (word := words.get(what, "hugepages" if what.startswith("hugepages-") else "")) and divisor not in _UNITS:
        why = f"only divisor's values {', '.join(_UNITS)} are supported with the {word} resource"
        yield field.invalid(at.path.child("divisor"), name, why)


_KEY_OF_OBJECT = (
    rules.field("name", rules.matches(names.dns_subdomain), otherwise=""),
    rules.field("key", rules.required(), rules.matches(names.config_key)),
)


def _one_source(at: rules.At) -> Iterator[Error]:
    source = at.mapping()
    given = [name for name in ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef") if name in source]
    assert at.up is not None
    if not given:
        detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        yield field.invalid(at.path, "", detail)
    elif at.up.get("value"):
        yield field.invalid(at.path, "", "may not be specified when `value` is not empty")
    elif len(given) > 1:
        yield field.invalid(at.path, "", "may not have more than one field specified at a time")


def _one_map(at: rules.At) -> Iterator[Error]:
    given = [name for name in ("configMapRef", "secretRef") if name in at.mapping()]
    if not given:
        yield field.invalid(at.path, "", "must specify one of: `configMapRef` or `secretRef`")
    elif len(given) > 1:
        yield field.invalid(at.path, "", "may not have more than one field specified at a time")


FIELD_OF_VOLUME = rules.field("fieldRef", _field_path(_VOLUME_FIELDS))
RESOURCE_OF_VOLUME = rules.field("resourceFieldRef", _resource(in_volume=True))
RULES = (
    rules.field(
        "env",
        rules.each(
            rules.field("name", rules.required(), rules.matches(names.env_name)),
            rules.field(
                "valueFrom",
                rules.field("fieldRef", _field_path(_ENV_FIELDS)),
                rules.field("resourceFieldRef", _resource(in_volume=False)),
                rules.optional("configMapKeyRef", *_KEY_OF_OBJECT),
                rules.optional("secretKeyRef", *_KEY_OF_OBJECT),
                _one_source,
            ),
        ),
    ),
    rules.field(
        "envFrom",
        rules.each(
            rules.field("prefix", rules.matches(names.env_name)),
            *(
                rules.optional(kind, rules.field("name", rules.required(), rules.matches(names.dns_subdomain)))
                for kind in ("configMapRef", "secretRef")
            ),
        ),
        rules.each(_one_map, indexed=False),
    ),
)
