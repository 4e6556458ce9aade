"""Refusals as `meta/v1` Status, in the words of apimachinery's `pkg/api/errors`.

ApiError
├── BadRequest              400        ├── UnsupportedMediaType    415
├── Unauthorized            401        ├── Invalid, Unprocessable  422
├── Forbidden               403        ├── TooManyRequests         429
├── NotFound                404        ├── InternalError           500
├── MethodNotAllowed        405        ├── NotImplementedHere      501
├── NotAcceptable           406        ├── Unavailable             503
├── AlreadyExists, Conflict 409        ├── TooLargeResourceVersion 504
├── ApplyConflict           409        ├── Failed                  500
├── Expired                 410        └── InsufficientStorage     507
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from podvisor.types import field


@dataclass(frozen=True, slots=True)
class Cause:
    """Why, for one field or one circumstance."""

    reason: str
    message: str
    field: str = ""

    def to_json(self) -> dict[str, str]:
        """As the API shows it."""
        shown = {"reason": self.reason, "message": self.message, "field": self.field}
        return {key: value for key, value in shown.items() if value}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request was about; `resource` is the plural, or the kind where Kubernetes shows the kind."""

    group: str = ""
    resource: str = ""
    name: str = ""

    def __str__(self) -> str:
        return f"{self.resource}.{self.group}" if self.group else self.resource


class ApiError(Exception):
    """A refusal that the client is told about."""

    code = 500
    reason = "InternalError"

    def __init__(
        self, message: str, subject: Subject | None = None, causes: Sequence[Cause] = (), retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.causes = causes
        self.retry_after = retry_after
        """Seconds after which a retry makes sense; also sent as the header Retry-After."""

    def to_json(self) -> dict[str, Any]:
        """The Status object."""
        status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        status["message"] = self.message
        if self.reason:
            status["reason"] = self.reason
        if details := self._details():
            status["details"] = details
        return status | {"code": self.code}

    def _details(self) -> dict[str, Any]:
        subject = self.subject or Subject()
        details: dict[str, Any] = {"name": subject.name, "group": subject.group, "kind": subject.resource}
        details["causes"] = [cause.to_json() for cause in self.causes]
        details["retryAfterSeconds"] = self.retry_after
        return {key: value for key, value in details.items() if value}


class BadRequest(ApiError):
    """The request cannot be understood."""

    code, reason = 400, "BadRequest"


class Unauthorized(ApiError):
    """Nobody knows who asks."""

    code, reason = 401, "Unauthorized"

    def __init__(self, message: str = "Unauthorized") -> None:
        super().__init__(message)


class Forbidden(ApiError):
    """Whoever asks may not."""

    code, reason = 403, "Forbidden"

    def __init__(self, message: str, subject: Subject | None = None, causes: Sequence[Cause] = ()) -> None:
        if subject:
            name = f'{subject} "{subject.name}"' if subject.name else str(subject)
            message = f"{name} is forbidden: {message}"
        super().__init__(message, subject, causes)


class NotFound(ApiError):
    """There is no such object, or no such path."""

    code, reason = 404, "NotFound"

    def __init__(self, subject: Subject | None = None) -> None:
        path = "the server could not find the requested resource"
        super().__init__(f'{subject} "{subject.name}" not found' if subject else path, subject)


class MethodNotAllowed(ApiError):
    """The resource is there, and cannot do that."""

    code, reason = 405, "MethodNotAllowed"

    def __init__(self, message: str = "the server does not allow this method on the requested resource") -> None:
        super().__init__(message)


class NotAcceptable(ApiError):
    """None of the encodings that the client accepts is offered."""

    code, reason = 406, "NotAcceptable"

    def __init__(self, offered: Sequence[str]) -> None:
        super().__init__("only the following media types are accepted: " + ", ".join(offered))


class AlreadyExists(ApiError):
    """The name is taken."""

    code, reason = 409, "AlreadyExists"

    def __init__(self, subject: Subject) -> None:
        super().__init__(f'{subject} "{subject.name}" already exists', subject)


class Conflict(ApiError):
    """The object is not in the state that the request assumes."""

    code, reason = 409, "Conflict"

    def __init__(self, subject: Subject, message: str, causes: Sequence[Cause] = ()) -> None:
        super().__init__(f'Operation cannot be fulfilled on {subject} "{subject.name}": {message}', subject, causes)


class ApplyConflict(ApiError):
    """A configuration would change what others own."""

    code, reason = 409, "Conflict"


class Expired(ApiError):
    """The resource version is too old to be read or watched from."""

    code, reason = 410, "Expired"


class UnsupportedMediaType(ApiError):
    """The body is in an encoding that is not understood."""

    code, reason = 415, "UnsupportedMediaType"

    def __init__(self, sent: str, accepted: Sequence[str]) -> None:
        known = ", ".join(accepted)
        super().__init__(
            f"the body of the request was in an unknown format - accepted media types include: {known} (sent: {sent})"
        )


class Invalid(ApiError):
    """Fields of the object are wrong. `subject.resource` is the kind."""

    code, reason = 422, "Invalid"

    def __init__(self, subject: Subject, errors: Sequence[field.Error]) -> None:
        texts = list(dict.fromkeys(str(error) for error in errors))
        why = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        causes = [Cause(error.reason, error.message, error.field) for error in errors]
        super().__init__(f'{subject} "{subject.name}" is invalid: {why}', subject, causes)


class Unprocessable(ApiError):
    """The request is well formed and cannot be done, for a reason that no field of an object has."""

    code, reason = 422, "Invalid"

    def to_json(self) -> dict[str, Any]:
        """The Status object. kubectl shows the message only where there are details, be they empty."""
        shown = super().to_json()
        shown.setdefault("details", {})
        return shown


class TooManyRequests(ApiError):
    """Not now."""

    code, reason = 429, "TooManyRequests"


class InternalError(ApiError):
    """A fault of ours."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Internal error occurred: {why}", causes=[Cause("", why)])


class Failed(ApiError):
    """The request cannot be done for a reason for which Kubernetes has no name."""

    reason = ""


class NotImplementedHere(ApiError):
    """Kubernetes has this; this server does not yet."""

    code, reason = 501, "NotImplemented"


class Unavailable(ApiError):
    """What is needed to answer cannot be reached."""

    code, reason = 503, "ServiceUnavailable"


class InsufficientStorage(ApiError):
    """There is no room for what would be written (RFC 4918, section 11.5)."""

    code, reason = 507, "InsufficientStorage"


class TooLargeResourceVersion(ApiError):
    """The resource version asked for has not happened yet."""

    code, reason = 504, "Timeout"

    def __init__(self, asked: int, current: int) -> None:
        cause = Cause("ResourceVersionTooLarge", "Too large resource version")
        super().__init__(f"Too large resource version: {asked}, current: {current}", causes=[cause], retry_after=1)
