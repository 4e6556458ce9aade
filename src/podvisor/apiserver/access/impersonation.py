"""Acting as somebody else: `kubectl --as`, by whoever may `impersonate` that user, those groups, that uid.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
"""

from collections.abc import Iterator, Mapping, Sequence

from podvisor.apiserver.access.policy import Access, Attributes
from podvisor.apiserver.access.users import AUTHENTICATED, User
from podvisor.base.http import Request
from podvisor.types import status

_USER, _UID, _GROUP, _EXTRA = "Impersonate-User", "Impersonate-Uid", "Impersonate-Group", "Impersonate-Extra-"
_ANONYMOUS = "system:anonymous"
_ACCOUNT = "system:serviceaccount:"
_AUTHENTICATION = "authentication.k8s.io"


async def act_as(access: Access, user: User, request: Request) -> User:
    """The user that the headers name, or `user`. Raises Forbidden, or BadRequest for headers without a user."""
    if not any(name.lower().startswith("impersonate-") for name in request.headers):
        return user
    wanted = _wanted(request)
    if not _is_text(wanted):
        raise status.BadRequest("the headers of the user to impersonate are not UTF-8")
    for asked in _needed(wanted):
        await access.check(user, asked)
    if wanted.name == _ANONYMOUS:
        return wanted
    groups = wanted.groups or _groups_of_account(wanted.name)
    return User(wanted.name, (*groups, AUTHENTICATED), wanted.uid, wanted.extra)


def _wanted(request: Request) -> User:
    name = request.headers.get(_USER, "")
    if not name:
        raise status.BadRequest("requested a group, uid or extra to impersonate without impersonating a user")
    extra: Mapping[str, list[str]] = {}
    for key, value in request.headers.items():
        if key.lower().startswith(_EXTRA.lower()):
            extra.setdefault(key[len(_EXTRA) :].lower(), []).append(value)
    return User(name, request.headers.getall(_GROUP, []), request.headers.get(_UID, ""), extra)


def _is_text(wanted: User) -> bool:
    """True if all bytes of the headers are characters: others reach us as surrogates."""
    extra = [text for key, values in wanted.extra.items() for text in (key, *values)]
    try:
        "".join((wanted.name, wanted.uid, *wanted.groups, *extra)).encode()
    except UnicodeEncodeError:
        return False
    return True


def _needed(wanted: User) -> Iterator[Attributes]:
    """What one must be allowed, to be `wanted`."""
    if (account := wanted.name.removeprefix(_ACCOUNT)) != wanted.name:
        namespace, _, name = account.partition(":")
        yield Attributes("impersonate", resource="serviceaccounts", namespace=namespace, name=name)
    else:
        yield Attributes("impersonate", resource="users", name=wanted.name)
    for group in wanted.groups:
        yield Attributes("impersonate", resource="groups", name=group)
    if wanted.uid:
        yield Attributes("impersonate", _AUTHENTICATION, resource="uids", name=wanted.uid)
    for key, values in wanted.extra.items():
        for value in values:
            yield Attributes("impersonate", _AUTHENTICATION, resource="userextras", subresource=key, name=value)


def _groups_of_account(name: str) -> Sequence[str]:
    """A service account is in the groups of all and of its namespace's accounts."""
    if not name.startswith(_ACCOUNT):
        return ()
    namespace = name.removeprefix(_ACCOUNT).partition(":")[0]
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
