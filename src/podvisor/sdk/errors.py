"""What can go wrong between a client and the API server.

ApiError                 the server answered with a Status
  BadRequest   400         Unauthorized 401        Forbidden    403
  NotFound     404         NotAcceptable 406       MethodNotSupported 405
  AlreadyExists 409        Conflict     409        Gone         410
  Unsupported  415         Invalid      422        TooManyRequests 429
  ServerError  5xx
Unreachable              no answer, or one that broke off: whether the request was carried out is unknown
"""

from http import HTTPStatus
from typing import Any

import msgspec

from podvisor.sdk.objects.meta import View


class Cause(View):
    """One field that the server objects to."""

    reason: str = ""
    message: str = ""
    field: str = ""


class StatusDetails(View):
    """What a refusal is about."""

    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: list[Cause] = msgspec.field(default_factory=list[Cause])
    retry_after_seconds: int = 0


class Status(View):
    """A `meta/v1` Status, as the server sends it with every refusal."""

    status: str = ""
    code: int = 0
    reason: str = ""
    message: str = ""
    details: StatusDetails = msgspec.field(default_factory=StatusDetails)
    metadata: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])


class ApiError(Exception):
    """The server refused; `status` says why, in its words."""

    def __init__(self, status: Status) -> None:
        super().__init__(status.message or f"the server answered {status.code} {status.reason}")
        self.status = status


class BadRequest(ApiError):
    """The request could not be understood."""


class Unauthorized(ApiError):
    """The server does not know who asks."""


class Forbidden(ApiError):
    """The one who asks may not do this."""


class NotFound(ApiError):
    """There is no such object, or no such resource."""


class MethodNotSupported(ApiError):
    """The resource does not have this verb."""


class NotAcceptable(ApiError):
    """The server cannot answer in the form that was asked for."""


class AlreadyExists(ApiError):
    """The name is taken."""


class Conflict(ApiError):
    """The object has changed since it was read, or is not in a state that allows this."""


class Gone(ApiError):
    """The history that was asked for has been compacted: list again."""


class Unsupported(ApiError):
    """The server does not take this kind of body."""


class Invalid(ApiError):
    """Some field has a value that it may not have; `status.details.causes` names them."""


class TooManyRequests(ApiError):
    """Later, please."""


class ServerError(ApiError):
    """The server failed, or is not ready."""


class Unreachable(Exception):
    """No answer came, or it broke off. The request may or may not have been carried out."""


_BY_CODE: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotSupported,
    406: NotAcceptable,
    409: Conflict,
    410: Gone,
    415: Unsupported,
    422: Invalid,
    429: TooManyRequests,
}


def from_status(status: Status) -> ApiError:
    """The error that stands for a Status."""
    if status.reason == "AlreadyExists":
        return AlreadyExists(status)
    return _BY_CODE.get(status.code, ServerError if status.code >= 500 else ApiError)(status)


def from_reply(code: int, body: bytes) -> ApiError:
    """The error for an unsuccessful reply, whether or not its body is a Status (a proxy's, for one, is not)."""
    try:
        status = msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        status = Status(message=body[:500].decode(errors="replace").strip())
    reason = status.reason or HTTPStatus(code).phrase.replace(" ", "")
    return from_status(msgspec.structs.replace(status, code=code, reason=reason))
