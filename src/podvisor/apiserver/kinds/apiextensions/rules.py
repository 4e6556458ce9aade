"""What a CustomResourceDefinition may say, outside of its schemas.

Rules and words are those of apiextensions-apiserver's `pkg/apis/apiextensions/validation`. What all versions say alike
is reported as if it stood before them (`spec.validation` for their schemas), as the real server does.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from podvisor.apiserver.kinds import clientconfig
from podvisor.apiserver.kinds.apiextensions import schemas
from podvisor.apiserver.resource import Json
from podvisor.types import field, names, rules
from podvisor.types.field import Error, Path

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_APPROVAL = "api-approved.kubernetes.io"
_LONGEST_WARNING = 256
_SPEC = Path("spec")


def check(at: rules.At) -> Iterator[Error]:
    """Objections to a definition."""
    new, old = at.value, at.old
    spec: Json = new.get("spec", {})
    yield from _name(new, spec)
    yield from _group(spec.get("group", ""))
    yield from _choice(_SPEC.child("scope"), spec.get("scope", ""), ("Cluster", "Namespaced"))
    yield from _versions(spec, old)
    yield from _names(spec.get("names", {}), _SPEC.child("names"))
    yield from _conversion(spec.get("conversion", {}), _SPEC.child("conversion"))
    if old is not None:
        yield from _unchanged(spec, old["spec"], established=_is_established(old))
    yield from _stored_versions(new.get("status", {}).get("storedVersions", []), spec.get("versions", ()))
    yield from _approval(new, old)
    if spec.get("preserveUnknownFields") and not (old and old["spec"].get("preserveUnknownFields")):
        detail = (
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        )
        yield field.invalid(_SPEC.child("preserveUnknownFields"), True, detail)


def check_status(at: rules.At) -> Iterator[Error]:
    """Objections to a change through `/status`."""
    status: Json = at.value.get("status", {})
    yield from _well_formed_names(status.get("acceptedNames", {}), Path("status.acceptedNames"))


def _name(new: Json, spec: Json) -> Iterator[Error]:
    name = new["metadata"].get("name", "")
    if name and name != f"{spec.get('names', {}).get('plural', '')}.{spec.get('group', '')}":
        yield field.invalid(Path("metadata.name"), name, 'must be spec.names.plural+"."+spec.group')


def _group(group: str) -> Iterator[Error]:
    path = _SPEC.child("group")
    if not group:
        yield field.required(path)
    elif wrong := list(names.dns_subdomain(group)):
        yield field.invalid(path, group, ",".join(wrong))
    elif "." not in group:
        yield field.invalid(path, group, "should be a domain with at least one dot")


def _choice(path: Path, value: str, known: Sequence[str]) -> Iterator[Error]:
    if not value:
        yield field.required(path)
    elif value not in known:
        yield field.unsupported(path, value, known)


def _versions(spec: Json, old: Json | None) -> Iterator[Error]:
    versions: Sequence[Json] = spec.get("versions", [])
    path = _SPEC.child("versions")
    for index, version in enumerate(versions):
        if not version.get("schema", {}).get("openAPIV3Schema"):
            yield field.required(path.at(index).child("schema", "openAPIV3Schema"), "schemas are required")
    for index, version in enumerate(versions):
        if wrong := list(names.dns_1035_label(version.get("name", ""))):
            yield field.invalid(path.at(index).child("name"), version.get("name", ""), ",".join(wrong))
        yield from _deprecation(version, path.at(index).child("deprecationWarning"))
    yield from _each_part(versions, "schema", "validation", _schema(versions, old))
    yield from _each_part(versions, "subresources", "subresources", lambda one, at, _: _subresources(one, at))
    yield from _each_part(versions, "additionalPrinterColumns", "additionalPrinterColumns", _columns)
    yield from _each_part(versions, "selectableFields", "selectableFields", _selectable(versions))
    if versions and (wrong := list(names.dns_1035_label(versions[0].get("name", "")))):
        yield field.invalid(_SPEC.child("version"), versions[0].get("name", ""), ",".join(wrong))
    if len({version.get("name") for version in versions}) < len(versions):
        yield field.invalid(path, versions, "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield field.invalid(path, versions, "must have exactly one version marked as storage version")


Part = Callable[[Any, Path, Json], Iterator[Error]]


def _each_part(versions: Sequence[Json], name: str, shared: str, check: Part) -> Iterator[Error]:
    """Objections to a part of each version, or to the one that all of them have."""
    if _is_shared(versions, name):
        yield from check(versions[0][name], _SPEC.child(shared), versions[0])
        return
    for index, version in enumerate(versions):
        if part := version.get(name):
            yield from check(part, _SPEC.child("versions").at(index).child(name), version)


def _is_shared(versions: Sequence[Json], name: str) -> bool:
    """True if all versions have this part alike."""
    return bool(versions and versions[0].get(name)) and all(one.get(name) == versions[0][name] for one in versions)


def _schema(versions: Sequence[Json], old: Json | None) -> Part:
    before = {one.get("name"): one.get("schema") for one in old["spec"].get("versions", ())} if old else {}
    has_status = any("status" in one.get("subresources", {}) for one in versions)

    def check(part: Json, path: Path, version: Json) -> Iterator[Error]:
        # What was accepted once stays accepted; nobody's update fails for a schema that it leaves as it is.
        if before.get(version.get("name")) != part:
            yield from schemas.check(part.get("openAPIV3Schema", {}), path.child("openAPIV3Schema"), has_status)

    return check


def _deprecation(version: Json, path: Path) -> Iterator[Error]:
    if (warning := version.get("deprecationWarning")) is None:
        return
    if not version.get("deprecated"):
        yield field.invalid(path, warning, "can only be set for deprecated versions")
        return
    if len(warning.encode()) > _LONGEST_WARNING:
        yield field.invalid(path, warning, "must be <= 256 characters long")
    if not warning:
        yield field.invalid(path, warning, "must not be an empty string")
    if (odd := next((index for index, one in enumerate(warning) if not one.isprintable()), None)) is not None:
        place = len(warning[:odd].encode())
        detail = f"must only contain printable UTF-8 characters; non-printable character found at index {place}"
        yield field.invalid(path, warning, detail)


def _subresources(given: Json, path: Path) -> Iterator[Error]:
    if (scale := given.get("scale")) is None:
        return
    for name, parents in (("specReplicasPath", ("spec",)), ("statusReplicasPath", ("status",))):
        here = Path(f"{path}.scale.{name}")
        if not scale.get(name):
            yield field.required(here)
        else:
            yield from _below(scale[name], here, parents)
    if selector := scale.get("labelSelectorPath"):
        yield from _below(selector, Path(f"{path}.scale.labelSelectorPath"), ("spec", "status"))


def _below(given: str, path: Path, parents: Sequence[str]) -> Iterator[Error]:
    if wrong := list(_simple_path(given, path)):
        yield from wrong
    elif not given.startswith(tuple(f".{parent}." for parent in parents)):
        where = f"under .{parents[0]}" if len(parents) == 1 else "under either .spec or .status"
        yield field.invalid(path, given, f"should be a json path {where}")


def _simple_path(given: str, path: Path) -> Iterator[Error]:
    if not given.startswith("."):
        yield field.invalid(path, given, "must be a simple json path starting with .")


def _columns(columns: Sequence[Json], path: Path, _: Json) -> Iterator[Error]:
    for index, column in enumerate(columns):
        here = path.at(index)
        if not column.get("name"):
            yield field.required(here.child("name"))
        known = f"must be one of {','.join(_COLUMN_TYPES)}"
        if not column.get("type"):
            yield field.required(here.child("type"), known)
        elif column["type"] not in _COLUMN_TYPES:
            yield field.invalid(here.child("type"), column["type"], known)
        if column.get("format") and column["format"] not in _COLUMN_FORMATS:
            yield field.invalid(here.child("format"), column["format"], f"must be one of {','.join(_COLUMN_FORMATS)}")
        if not column.get("jsonPath"):
            yield field.required(here.child("JSONPath"))
        else:
            yield from _simple_path(column["jsonPath"], here.child("JSONPath"))


def _selectable(versions: Sequence[Json]) -> Part:
    shared, shared_schema = (_is_shared(versions, name) for name in ("selectableFields", "schema"))

    def check(fields: Sequence[Json], path: Path, version: Json) -> Iterator[Error]:
        # What only some versions have alike the real server looks for where it is not.
        if shared and not shared_schema:
            yield field.invalid(path, "", "selectableFields may only be set when validations.schema is included")
        elif shared_schema and not shared:
            detail = "selectableFields may only be set when version.schema.openAPIV3Schema is not included"
            yield field.invalid(path, "", detail)
        else:
            schema = version.get("schema", {}).get("openAPIV3Schema", {})
            yield from schemas.check_selectable(fields, path, schema)

    return check


def _names(given: Json, path: Path) -> Iterator[Error]:
    for name in ("plural", "singular", "kind", "listKind"):
        if not given.get(name):
            yield field.required(path.child(name))
    yield from _well_formed_names(given, path)


def _well_formed_names(given: Json, path: Path) -> Iterator[Error]:
    for name in ("plural", "singular"):
        value = given.get(name, "")
        if value and (wrong := list(names.dns_1035_label(value))):
            yield field.invalid(path.child(name), value, ",".join(wrong))
    for name in ("kind", "listKind"):
        value = given.get(name, "")
        if value and (wrong := list(names.dns_1035_label(value.lower()))):
            detail = f"may have mixed case, but should otherwise match: {','.join(wrong)}"
            yield field.invalid(path.child(name), value, detail)
    yield from _labels(given.get("shortNames", ()), path.child("shortNames"))
    if given.get("kind") and given["kind"] == given.get("listKind"):
        yield field.invalid(path.child("listKind"), given["listKind"], "kind and listKind may not be the same")
    yield from _labels(given.get("categories", ()), path.child("categories"))


def _labels(given: Sequence[str], path: Path) -> Iterator[Error]:
    for index, name in enumerate(given):
        if wrong := list(names.dns_1035_label(name)):
            yield field.invalid(path.at(index), name, ",".join(wrong))


def _conversion(given: Json, path: Path) -> Iterator[Error]:
    strategy: str = given.get("strategy", "")
    webhook: Json | None = given.get("webhook")
    yield from _choice(path.child("strategy"), strategy, ("None", "Webhook"))
    if strategy != "Webhook":
        if webhook is not None and webhook.get("clientConfig") is not None:
            detail = "should not be set when strategy is not set to Webhook"
            yield field.forbidden(path.child("webhookClientConfig"), detail)
        if webhook is not None and webhook.get("conversionReviewVersions"):
            detail = "should not be set when strategy is not set to Webhook"
            yield field.forbidden(path.child("conversionReviewVersions"), detail)
        return
    if webhook is None or webhook.get("clientConfig") is None:
        yield field.required(path.child("webhookClientConfig"), "required when strategy is set to Webhook")
    else:
        yield from clientconfig.check(webhook["clientConfig"], path.child("webhookClientConfig"))
    yield from _review_versions(webhook.get("conversionReviewVersions", []) if webhook else [], path)


def _review_versions(given: Sequence[str], parent: Path) -> Iterator[Error]:
    path = parent.child("conversionReviewVersions")
    if not given:
        yield field.required(path)
        return
    for index, version in enumerate(given):
        if version in given[:index]:
            yield field.invalid(path.at(index), version, "duplicate version")
            continue
        yield from (field.invalid(path.at(index), version, why) for why in names.dns_1035_label(version))
    if not {"v1", "v1beta1"} & set(given):
        yield field.invalid(path, given, "must include at least one of v1, v1beta1")


def _unchanged(new: Json, old: Json, *, established: bool) -> Iterator[Error]:
    fixed: list[tuple[str, ...]] = [("group",), ("names", "plural")]
    if established:
        fixed = [("scope",), ("names", "kind"), *fixed]
    for names_ in fixed:
        value, before = new, old
        for name in names_:
            value, before = value.get(name, {}), before.get(name, {})
        if value != before:
            yield field.invalid(_SPEC.child(*names_), value, "field is immutable")


def _is_established(item: Json) -> bool:
    conditions = item.get("status", {}).get("conditions", ())
    return any((one["type"], one["status"]) == ("Established", "True") for one in conditions)


def _stored_versions(stored: Sequence[str], versions: Sequence[Json]) -> Iterator[Error]:
    path = Path("status.storedVersions")
    if not stored:
        yield field.invalid(path, stored, "must have at least one stored version")
        return
    for version in versions:
        if version.get("storage") and version.get("name") not in stored:
            yield field.invalid(path, stored, f"must have the storage version {version.get('name')}")
    known = {version.get("name") for version in versions}
    for index, name in enumerate(stored):
        if name not in known:
            detail = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                "spec.versions until a storage migration ensures no data remains persisted in "
                f"{name} and removes {name} from status.storedVersions"
            )
            yield field.invalid(path.at(index), name, detail)


def _approval(new: Json, old: Json | None) -> Iterator[Error]:
    """Groups of the Kubernetes project need its approval (https://github.com/kubernetes/enhancements/pull/1111)."""
    group = new["spec"].get("group", "")
    if not f".{group}".endswith((".k8s.io", ".kubernetes.io")):
        return
    given = new["metadata"].get("annotations", {}).get(_APPROVAL, "")
    state = approval(given)
    if old is not None and approval(old["metadata"].get("annotations", {}).get(_APPROVAL, "")) == state:
        return
    path = Path("metadata.annotations").key(_APPROVAL)
    page = "see https://github.com/kubernetes/enhancements/pull/1111"
    if state == "missing":
        yield field.required(path, f'protected groups must have approval annotation "{_APPROVAL}", {page}')
    elif state == "invalid":
        detail = f'protected groups must have approval annotation "{_APPROVAL}" with either a URL or a reason starting'
        yield field.invalid(path, given, f'{detail} with "unapproved", {page}')


def approval(annotation: str) -> str:
    """What an annotation says of a definition's approval: missing, bypassed, approved or invalid."""
    if not annotation:
        return "missing"
    if annotation.startswith("unapproved"):
        return "bypassed"
    parts = urlsplit(annotation)
    return "approved" if parts.scheme and parts.netloc else "invalid"
