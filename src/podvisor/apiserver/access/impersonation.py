"""Acting as somebody else: `kubectl --as`, by whoever may `impersonate` that user, those groups, that uid.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
"""

from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from podvisor.apiserver.access.policy import Access, Attributes
from podvisor.apiserver.access.users import ANONYMOUS, UNAUTHENTICATED, User, authenticated, groups_of_accounts
from podvisor.base.http import Request
from podvisor.types import names, status

_USER, _UID, _GROUP, _EXTRA = "Impersonate-User", "Impersonate-Uid", "Impersonate-Group", "Impersonate-Extra-"
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
    groups = tuple(wanted.groups)
    if not groups and (account := _account(wanted.name)):
        groups = groups_of_accounts(account[0])
    if wanted.name == ANONYMOUS.name and UNAUTHENTICATED not in groups:
        groups = (*groups, UNAUTHENTICATED)
    return authenticated(User(wanted.name, groups, wanted.uid, wanted.extra))


def _wanted(request: Request) -> User:
    name = request.headers.get(_USER, "")
    if not name:
        raise status.BadRequest("requested a group, uid or extra to impersonate without impersonating a user")
    extra: Mapping[str, list[str]] = {}
    for key, value in request.headers.items():
        if key.lower().startswith(_EXTRA.lower()):
            # Names of headers have no case and few characters: others come percent-encoded.
            extra.setdefault(unquote(key[len(_EXTRA) :].lower()), []).append(value)
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
    if account := _account(wanted.name):
        yield Attributes("impersonate", resource="serviceaccounts", namespace=account[0], name=account[1])
    else:
        yield Attributes("impersonate", resource="users", name=wanted.name)
    for group in wanted.groups:
        yield Attributes("impersonate", resource="groups", name=group)
    if wanted.uid:
        yield Attributes("impersonate", _AUTHENTICATION, resource="uids", name=wanted.uid)
    for key, values in wanted.extra.items():
        for value in values:
            yield Attributes("impersonate", _AUTHENTICATION, resource="userextras", subresource=key, name=value)


def _account(user: str) -> tuple[str, str] | None:
    """Namespace and name of the service account that a user is; None for all others, with names that only look like it.

    Whoever may act as the accounts of a namespace may act as these, and as nobody whose name merely begins so.
    """
    namespace, colon, name = user.removeprefix(_ACCOUNT).partition(":")
    if not user.startswith(_ACCOUNT) or not colon or any(names.dns_label(namespace)) or any(names.dns_subdomain(name)):
        return None
    return namespace, name
