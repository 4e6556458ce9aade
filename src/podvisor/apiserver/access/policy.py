"""The seams of authentication and authorization, and the authorizers that need to know nothing.

`rbac` is the one that decides by the objects of `rbac.authorization.k8s.io`, `nodes` the one for nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from podvisor.apiserver.access.tokens import INVALID, Known, Rejected, TokenSource
from podvisor.apiserver.access.users import ANONYMOUS, MASTERS, User, authenticated
from podvisor.base.http import Request
from podvisor.types import status


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is asked for, as `authorization.k8s.io/v1` ResourceAttributes or, with `path`, NonResourceAttributes."""

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    """What the field selector of a list or watch wants to be equal."""


class Decision(NamedTuple):
    """Whether something is allowed, and why."""

    allowed: bool
    reason: str = ""


class Authenticator(Protocol):
    """One way to find out who asks."""

    async def authenticate(self, request: Request) -> User | None:
        """The user, or None if the request does not say. Raises Unauthorized if it says something false."""
        ...


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be done: verbs with resources, or with paths (`rbac.authorization.k8s.io/v1` PolicyRule)."""

    verbs: tuple[str, ...]
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Only these objects; empty is all."""
    paths: tuple[str, ...] = ()


_ALL = ("*",)
EVERYTHING = (Rule(_ALL, _ALL, _ALL), Rule(_ALL, paths=_ALL))


class Authorizer(Protocol):
    """Who may do what."""

    async def authorize(self, user: User, asked: Attributes) -> Decision:
        """Whether `user` may."""
        ...

    async def rules(self, user: User, namespace: str) -> Sequence[Rule]:
        """What `user` may do in a namespace and at the cluster's scope, as far as that can be listed."""
        ...


class MastersOnly:
    """Members of `system:masters` may do everything, nobody else anything."""

    async def authorize(self, user: User, asked: Attributes) -> Decision:
        """See Authorizer."""
        return Decision(MASTERS in user.groups, "")

    async def rules(self, user: User, namespace: str) -> Sequence[Rule]:
        """See Authorizer."""
        return EVERYTHING if MASTERS in user.groups else ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """What one of these allows is allowed."""

    authorizers: Sequence[Authorizer]

    async def authorize(self, user: User, asked: Attributes) -> Decision:
        """See Authorizer."""
        reasons: list[str] = []
        for authorizer in self.authorizers:
            decision = await authorizer.authorize(user, asked)
            if decision.allowed:
                return decision
            reasons += [decision.reason] if decision.reason else []
        return Decision(False, ", ".join(reasons))

    async def rules(self, user: User, namespace: str) -> Sequence[Rule]:
        """See Authorizer."""
        return [rule for one in self.authorizers for rule in await one.rules(user, namespace)]


@dataclass(frozen=True, slots=True)
class Access:
    """All that is known about who may do what."""

    authenticators: Sequence[Authenticator]
    authorizer: Authorizer = field(default_factory=MastersOnly)
    tokens: Sequence[TokenSource] = ()
    """Those that a TokenReview asks."""

    async def user(self, request: Request, known: User | None = None) -> User:
        """Who asks: `known`, whom the request proves, or anonymous. Raises Unauthorized for a false proof."""
        if known is not None:
            return authenticated(known)
        wrong: status.Unauthorized | None = None
        for authenticator in self.authenticators:
            try:
                if user := await authenticator.authenticate(request):
                    return authenticated(user)
            except status.Unauthorized as error:
                wrong = error
        if wrong:
            raise wrong
        return ANONYMOUS

    async def reviewed(self, token: str, audiences: Sequence[str]) -> Known:
        """What a token says that somebody else was shown. Raises Rejected if it means nothing to those audiences."""
        reasons: list[str] = []
        for source in self.tokens:
            try:
                if known := await source.known(token, audiences):
                    return Known(authenticated(known.user), known.audiences)
            except Rejected as error:
                reasons.append(str(error))
        raise Rejected(f"[{', '.join([INVALID, *reasons])}]" if reasons else INVALID)

    async def check(self, user: User, asked: Attributes) -> None:
        """Raises Forbidden, in Kubernetes' words, if `user` may not."""
        decision = await self.authorizer.authorize(user, asked)
        if not decision.allowed:
            raise _refusal(user, asked, decision.reason)


def _refusal(user: User, asked: Attributes, reason: str) -> status.Forbidden:
    because = f": {reason}" if reason else ""
    if asked.path:
        return status.Forbidden(f'forbidden: User "{user.name}" cannot {asked.verb} path "{asked.path}"{because}')
    resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    subject = status.Subject(asked.group, asked.resource, asked.name)
    return status.Forbidden(
        f'User "{user.name}" cannot {asked.verb} resource "{resource}" in API group "{asked.group}" {where}{because}',
        subject,
    )
