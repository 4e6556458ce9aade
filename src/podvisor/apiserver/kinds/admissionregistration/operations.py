"""Which requests concern a webhook or a policy (kubernetes `pkg/apis/admissionregistration/validation`)."""

from collections.abc import Iterator, Sequence

from podvisor.types import field, rules

_OPERATIONS = ("*", "CREATE", "UPDATE", "DELETE", "CONNECT")


def operations(at: rules.At) -> Iterator[field.Error]:
    """Objections to one rule: operations with groups, versions, resources and a scope."""
    yield from _operations(at)
    yield from _names(at, "apiGroups", "if '*' is present, must not specify other API groups", may_be_empty=True)
    yield from _names(at, "apiVersions", "if '*' is present, must not specify other API versions")
    yield from _resources(at)
    if (scope := at.get("scope")) not in (None, "Cluster", "Namespaced", "*"):
        yield field.unsupported(at.path.child("scope"), scope, ("*", "Cluster", "Namespaced"))


def _given(at: rules.At, name: str) -> list[str]:
    return at.get(name) or []


def shown(values: Sequence[str], kind: str = "string") -> str:
    """A list as Go prints it, which is how upstream shows it here."""
    items = ", ".join(f'"{value}"' for value in values)
    return f"[]{kind}{{{items}}}"


def _operations(at: rules.At) -> Iterator[field.Error]:
    path, given = at.path.child("operations"), _given(at, "operations")
    if not given:
        yield field.required(path)
    if "*" in given and len(given) > 1:
        kind = "admissionregistration.OperationType"
        yield field.invalid_place(path, f"{shown(given, kind)}: if '*' is present, must not specify other operations")
    for position, operation in enumerate(given):
        if operation not in _OPERATIONS:
            yield field.unsupported(path.at(position), operation, _OPERATIONS)


def _names(at: rules.At, name: str, alone: str, *, may_be_empty: bool = False) -> Iterator[field.Error]:
    path, given = at.path.child(name), _given(at, name)
    if not given:
        yield field.required(path)
    if "*" in given and len(given) > 1:
        yield field.invalid_place(path, f"{shown(given)}: {alone}")
    if not may_be_empty:
        yield from (field.required(path.at(position)) for position, one in enumerate(given) if not one)


def _resources(at: rules.At) -> Iterator[field.Error]:
    path, given = at.path.child("resources"), _given(at, "resources")
    if not given:
        yield field.required(path)
    # `*/*` is everything, `pods/*` every path below a pod, `*/scale` that path below everything.
    below_all = {one.removesuffix("/*") for one in given if one.endswith("/*")}
    everywhere = {one.removeprefix("*/") for one in given if one.startswith("*/")}
    for position, one in enumerate(given):
        yield from _resource(path.at(position), one, below_all, everywhere)
    if "*/*" in given and len(given) > 1:
        yield field.invalid_place(path, f"{shown(given)}: if '*/*' is present, must not specify other resources")
    elif "*" in given and any("/" not in one for one in given if one != "*"):
        detail = "if '*' is present, must not specify other resources without subresources"
        yield field.invalid_place(path, f"{shown(given)}: {detail}")


def _resource(path: field.Path, one: str, below_all: set[str], everywhere: set[str]) -> Iterator[field.Error]:
    resource, slash, below = one.partition("/")
    if not one:
        yield field.required(path)
    elif slash and below != "*" and resource in below_all:
        yield field.invalid(path, one, f"if '{resource}/*' is present, must not specify {one}")
    elif slash and resource != "*" and below in everywhere:
        yield field.invalid(path, one, f"if '*/{below}' is present, must not specify {one}")


def default(given: Sequence[dict[str, object]]) -> None:
    """Any scope."""
    for rule in given:
        rule["scope"] = rule.get("scope") or "*"
