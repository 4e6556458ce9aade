"""Refusals, as a server words them."""

from http import HTTPStatus
from typing import Any

import orjson

from podvisor.testing.memory.kinds import Kind


class Refused(Exception):
    """Ends a request with a Status."""

    def __init__(self, code: HTTPStatus, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.body = status(code, reason, message, details)


def status(code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> bytes:
    """A Status object."""
    return orjson.dumps(
        {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure" if code >= 400 else "Success",
            "message": message,
            "reason": reason,
            "details": details or {},
            "code": int(code),
        }
    )


def not_found(kind: Kind, name: str) -> Refused:
    """There is no such object."""
    details = {"name": name, "group": kind.resource.group, "kind": kind.resource.plural}
    return Refused(HTTPStatus.NOT_FOUND, "NotFound", f'{kind.resource} "{name}" not found', details)


def already_exists(kind: Kind, name: str) -> Refused:
    """The name is taken."""
    return Refused(HTTPStatus.CONFLICT, "AlreadyExists", f'{kind.resource} "{name}" already exists')


def conflict(kind: Kind, name: str, why: str) -> Refused:
    """The object is not what the caller thought."""
    message = f'Operation cannot be fulfilled on {kind.resource} "{name}": {why}'
    return Refused(HTTPStatus.CONFLICT, "Conflict", message)


def expired() -> Refused:
    """The history is gone."""
    return Refused(HTTPStatus.GONE, "Expired", "too old resource version")
