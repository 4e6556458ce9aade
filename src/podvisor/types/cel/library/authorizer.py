# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""Whether somebody may do something: `authorizer.group("apps").resource("deployments").check("create").allowed()`.

apiserver `library/authz.go`. Who decides is not known here: it is handed in with the value of the variable.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from podvisor.types import names
from podvisor.types.cel import values
from podvisor.types.cel.declarations import Cost, Overload, method
from podvisor.types.cel.errors import EvaluationError
from podvisor.types.cel.kinds import BOOL, STRING, Type

AUTHORIZER = Type("object", "kubernetes.authorization.Authorizer")
PATH_CHECK = Type("object", "kubernetes.authorization.PathCheck")
GROUP_CHECK = Type("object", "kubernetes.authorization.GroupCheck")
RESOURCE_CHECK = Type("object", "kubernetes.authorization.ResourceCheck")
DECISION = Type("object", "kubernetes.authorization.Decision")


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer to a check."""

    allowed: bool
    reason: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a path, or a resource."""

    verb: str = ""
    path: str | None = None
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    field_selector: str = ""
    label_selector: str = ""
    account: tuple[str, str] | None = None
    """The namespace and name of the ServiceAccount that is asked about, None for the user of the request."""


Authorize: TypeAlias = Callable[[Question], Decision]


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Where questions are answered."""

    authorize: Authorize
    question: Question = field(default_factory=Question)


@dataclass(frozen=True, slots=True)
class PathCheck:
    """A question about a path."""

    authorize: Authorize
    question: Question


@dataclass(frozen=True, slots=True)
class GroupCheck:
    """A question about a group's resources."""

    authorize: Authorize
    question: Question


@dataclass(frozen=True, slots=True)
class ResourceCheck:
    """A question about a resource."""

    authorize: Authorize
    question: Question


for _kind, _type in (
    (Authorizer, AUTHORIZER),
    (PathCheck, PATH_CHECK),
    (GroupCheck, GROUP_CHECK),
    (ResourceCheck, RESOURCE_CHECK),
    (Decision, DECISION),
):
    values.register(_kind, _type.name)


def _path(authorizer: Authorizer, path: str) -> PathCheck:
    if not path.strip():
        raise EvaluationError("path must not be empty")
    return PathCheck(authorizer.authorize, replace(authorizer.question, path=path))


def _group(authorizer: Authorizer, group: str) -> GroupCheck:
    return GroupCheck(authorizer.authorize, replace(authorizer.question, group=group))


def _account(authorizer: Authorizer, namespace: str, name: str) -> Authorizer:
    if any(names.dns_subdomain(name)):
        raise EvaluationError("Invalid service account name")
    if any(names.dns_label(namespace)):
        raise EvaluationError("Invalid service account namespace")
    return Authorizer(authorizer.authorize, replace(authorizer.question, account=(namespace, name)))


def _resource(group: GroupCheck, resource: str) -> ResourceCheck:
    if not resource.strip():
        raise EvaluationError("resource must not be empty")
    return ResourceCheck(group.authorize, replace(group.question, resource=resource))


def _narrowed(part: str) -> Callable[[ResourceCheck, str], ResourceCheck]:
    return lambda check, value: ResourceCheck(check.authorize, replace(check.question, **{part: value}))


def _check(check: PathCheck | ResourceCheck, verb: str) -> Decision:
    return check.authorize(replace(check.question, verb=verb))


def _fixed(cost: int) -> Cost:
    return lambda _arguments, _result: cost


def _selector(arguments: Sequence[Any], _result: Any) -> int:
    length = len(arguments[1])
    return 10 + -(-length // 10) + length * 25


FUNCTIONS: tuple[Overload, ...] = (
    method("path", (AUTHORIZER, STRING), PATH_CHECK, _path),
    method("group", (AUTHORIZER, STRING), GROUP_CHECK, _group),
    method("serviceAccount", (AUTHORIZER, STRING, STRING), AUTHORIZER, _account),
    method("resource", (GROUP_CHECK, STRING), RESOURCE_CHECK, _resource),
    *(
        method(name, (RESOURCE_CHECK, STRING), RESOURCE_CHECK, _narrowed(name))
        for name in ("subresource", "namespace", "name")
    ),
    method("fieldSelector", (RESOURCE_CHECK, STRING), RESOURCE_CHECK, _narrowed("field_selector"), _selector),
    method("labelSelector", (RESOURCE_CHECK, STRING), RESOURCE_CHECK, _narrowed("label_selector"), _selector),
    # So much that one expression may ask twice.
    method("check", (PATH_CHECK, STRING), DECISION, _check, _fixed(350_000)),
    method("check", (RESOURCE_CHECK, STRING), DECISION, _check, _fixed(350_000)),
    method("allowed", (DECISION,), BOOL, lambda decision: decision.allowed),
    method("reason", (DECISION,), STRING, lambda decision: decision.reason),
    method("error", (DECISION,), STRING, lambda decision: decision.error),
    method("errored", (DECISION,), BOOL, lambda decision: bool(decision.error)),
)
