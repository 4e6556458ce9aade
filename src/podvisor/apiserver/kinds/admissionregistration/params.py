"""The parameters of policies: of which kind they are, and which objects a binding means.

Words and order of kubernetes `pkg/apis/admissionregistration/validation`.
"""

from collections.abc import Iterator

from podvisor.apiserver.resource import Json
from podvisor.types import field, names, rules, selectors

_ACTIONS = ("Deny", "Allow")


def kind(at: rules.At) -> Iterator[field.Error]:
    """Objections to a `paramKind`."""
    version, name = at.get("apiVersion") or "", at.get("kind") or ""
    if not version:
        yield field.required(at.path.child("apiVersion"))
    else:
        yield from _api_version(version, at.path.child("apiVersion"))
    if not name:
        yield field.required(at.path.child("kind"))
    elif wrong := list(names.dns_1035_label(name.lower())):
        detail = f"may have mixed case, but should otherwise match: {','.join(wrong)}"
        yield field.invalid(at.path.child("kind"), name, detail)


def _api_version(given: str, path: field.Path) -> Iterator[field.Error]:
    if given.count("/") > 1:
        yield field.invalid(path, given, f"unexpected GroupVersion string: {given}")
        return
    group, _, version = given.rpartition("/")
    if group and (wrong := list(names.dns_subdomain(group))):
        yield field.invalid(path, group, ",".join(wrong))
    if not version:
        yield field.invalid(path, given, "version must be specified")
    elif wrong := list(names.dns_1035_label(version)):
        yield field.invalid(path, version, ",".join(wrong))


def reference(at: rules.At) -> Iterator[field.Error]:
    """Objections to a `paramRef`."""
    name, chosen, path = at.get("name") or "", at.get("selector"), at.path
    both = bool(name) and chosen is not None
    exclusive = "name and selector are mutually exclusive"
    if name:
        yield from (field.invalid(path.child("name"), name, why) for why in names.path_segment(name))
    if both:
        yield field.forbidden(path.child("name"), exclusive)
    if chosen is not None:
        yield from selectors.validate(chosen, path.child("selector"))
    if both:
        yield field.forbidden(path.child("selector"), exclusive)
    if not name and chosen is None:
        yield field.required(path, "one of name or selector must be specified")
    if not (action := at.get("parameterNotFoundAction")):
        yield field.required(path.child("parameterNotFoundAction"))
    elif action not in _ACTIONS:
        yield field.unsupported(path.child("parameterNotFoundAction"), action, _ACTIONS, in_order=True)


def shown_kind(spec: Json) -> str:
    """The `paramKind` in a table."""
    given = spec.get("paramKind")
    return f"{given.get('apiVersion', '')}/{given.get('kind', '')}" if given else "<unset>"


def shown_reference(spec: Json) -> str:
    """The `paramRef` in a table; `*` stands for a namespace that is that of the request, or none."""
    given: Json = spec.get("paramRef") or {}
    if name := given.get("name"):
        return f"{given.get('namespace') or '*'}/{name}"
    chosen = selectors.from_object(given.get("selector"))
    return selectors.to_text(chosen) if chosen is not None else "<unset>"
