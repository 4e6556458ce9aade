"""Who a request comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
MASTERS = "system:masters"
ACCOUNTS = "system:serviceaccounts"


@dataclass(frozen=True, slots=True)
class User:
    """An authenticated user, as `authentication.k8s.io/v1` UserInfo."""

    name: str
    groups: Sequence[str] = ()
    uid: str = ""
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


ANONYMOUS = User("system:anonymous", (UNAUTHENTICATED,))
"""Whoever shows nothing.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests
"""


def authenticated(user: User) -> User:
    """`user` in the group of all who are somebody, unless his groups say already whether he is."""
    if user.name == ANONYMOUS.name or AUTHENTICATED in user.groups or UNAUTHENTICATED in user.groups:
        return user
    return User(user.name, (*user.groups, AUTHENTICATED), user.uid, user.extra)


def groups_of_accounts(namespace: str) -> tuple[str, str]:
    """The groups of every service account of a namespace."""
    return ACCOUNTS, f"{ACCOUNTS}:{namespace}"
