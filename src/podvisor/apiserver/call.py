"""A request as the API understands it: who wants to do what with which object.

Follows the rules of the real server's RequestInfo (apiserver `pkg/endpoints/request/requestinfo.go`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from podvisor.apiserver.access.users import User
from podvisor.base.http import Request
from podvisor.types import status

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "GET": "get", "HEAD": "get"}
_NAMESPACE_SUBRESOURCES = ("status", "finalize")
_NUMBER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DIGITS = 20
"""Those of the longest number of 64 bits, with its sign."""
_TRUE = ("", "1", "t", "T", "true", "TRUE", "True")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path below `/api/v1` or `/apis/<group>/<version>` names."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    """What follows the subresource: the path of a proxy request."""


@lru_cache(maxsize=1024)
def target(path: str) -> Target | None:
    """What `path` names; None if it names no resource."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 2:
        group, version, parts = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, parts = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and not (len(parts) == 3 and parts[2] in _NAMESPACE_SUBRESOURCES):
            parts = parts[2:]
    padded = [*parts, "", "", ""]
    return Target(group, version, padded[0], namespace, padded[1], padded[2], "/".join(parts[3:]))


@dataclass(slots=True)
class Call:
    """One request, authenticated."""

    request: Request
    target: Target
    user: User
    verb: str
    query: Mapping[str, str]
    warnings: list[str] = field(default_factory=list[str])
    """Sent as `Warning:` headers."""
    conversions: dict[bytes, dict[str, Any]] = field(default_factory=dict[bytes, dict[str, Any]])
    """What webhooks have made of objects for it, by object and version (see `ownership`)."""

    def flag(self, name: str) -> bool:
        """Whether a boolean parameter is given and true, as Go's `strconv.ParseBool` reads it."""
        return name in self.query and self.query[name] in _TRUE

    def number(self, name: str) -> int | None:
        """A whole number of 64 bits, as Go's `strconv.ParseInt` reads it. Raises BadRequest if it is none."""
        if not (text := self.query.get(name, "")):
            return None
        if not _NUMBER.fullmatch(text):
            raise status.BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax')
        if len(text) > _DIGITS or not -(2**63) <= int(text) < 2**63:
            raise status.BadRequest(f'strconv.ParseInt: parsing "{text[:_DIGITS]}": value out of range')
        return int(text)

    @property
    def dry_run(self) -> bool:
        """Whether nothing may be stored. Raises BadRequest for a value that Kubernetes does not know."""
        return is_dry_run(self.query.get("dryRun"))


def is_dry_run(value: Any) -> bool:
    """What `dryRun` says: `All`, or nothing."""
    if value in (None, "", []):
        return False
    if value in ("All", ["All"]):
        return True
    raise status.BadRequest(f'dryRun: Unsupported value: "{value}": supported values: "All"')


def verb(method: str, where: Target, query: Mapping[str, str]) -> str:
    """The API verb of a request: a collection is listed, watched, or deleted as a whole. '' for other methods."""
    found = _VERBS.get(method, "")
    if found == "get" and query.get("watch", "0") in _TRUE and not where.subresource:
        return "watch"
    if not where.name and found in ("get", "delete"):
        return "list" if found == "get" else "deletecollection"
    return found
