"""`status.typeChecking`: what a policy's expressions ask of objects that these, by their schemas, do not have.

Warnings only: a policy is as it is. It is written with the policy itself, where upstream has a controller for it.
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/#type-checking ; words are those of
apiserver `policy/validating/typechecking.go`.
"""

from collections.abc import Iterator, Sequence

from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.catalogue import Served
from podvisor.apiserver.policies import compiling, declared, environment
from podvisor.apiserver.policies.compiling import Composer
from podvisor.apiserver.resource import Json, Resource

_MOST_TYPES = 10


async def status(change: Change, view: View) -> None:
    """Say in the status of a ValidatingAdmissionPolicy what its type check found."""
    new = change.new
    if change.resource.plural != "validatingadmissionpolicies" or change.subresource or new is None:
        return
    if change.old is not None and change.old["metadata"].get("generation") == new["metadata"].get("generation"):
        return
    found = warnings(new["spec"], view.catalogue.now)
    checked = {"expressionWarnings": found} if found else {}
    generation = new["metadata"].get("generation", 1)
    new["status"] = (new.get("status") or {}) | {"observedGeneration": generation, "typeChecking": checked}


def warnings(spec: Json, served: Served) -> Sequence[Json]:
    """The expressions of a policy that do not fit the types that it names, and why."""
    resources = named(spec, served)
    kind: Json = spec.get("paramKind") or {}
    params = served.by_kind.get((kind.get("apiVersion", ""), kind.get("kind", "")))
    found: list[Json] = []
    for field, expression in _expressions(spec):
        said = [_shown(one, why) for one in resources if (why := _objection(spec, expression, one, params))]
        if said:
            found.append({"fieldRef": field, "warning": "\n".join(said)})
    return found


def _expressions(spec: Json) -> Iterator[tuple[str, str]]:
    for position, one in enumerate(spec.get("validations") or ()):
        for name in ("expression", "messageExpression"):
            if one.get(name):
                yield f"spec.validations[{position}].{name}", one[name]


def _objection(spec: Json, expression: str, resource: Resource, params: Resource | None) -> str:
    kind = declared.type_of(resource)
    types = environment.declared() | {"object": kind, "oldObject": kind}
    if params is not None:
        types["params"] = declared.type_of(params)
    make = Composer(types)
    for variable in spec.get("variables") or ():
        make.define(variable.get("name") or "", variable.get("expression") or "")
    return make.compile(expression, compiling.ANYTHING).error.removeprefix("compilation failed: ")


def _shown(resource: Resource, why: str) -> str:
    return f"{resource.group}/{resource.version}, Kind={resource.kind}: {why}\n"


def named(spec: Json, served: Served) -> Sequence[Resource]:
    """The resources that the rules of a policy name, by group, version and kind; what has a `*` names nothing."""
    found: dict[tuple[str, str, str], Resource] = {}
    constraints: Json = spec.get("matchConstraints") or {}
    for rule in constraints.get("resourceRules") or ():
        for key in _named(rule):
            if len(found) < _MOST_TYPES and (resource := served.by_path.get(key)) is not None:
                found[resource.group, resource.version, resource.kind] = resource
    return [found[key] for key in sorted(found)]


def _named(rule: Json) -> Iterator[tuple[str, str, str]]:
    groups, versions = (sorted(rule.get(name) or ()) for name in ("apiGroups", "apiVersions"))
    resources = sorted(one for one in rule.get("resources") or () if not {"*", "/"} & set(one))
    if not any("*" in one for one in (*groups, *versions)):
        yield from ((group, version, name) for group in groups for version in versions for name in resources)
