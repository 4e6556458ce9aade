"""Who one is at a registry: the files of docker and of the containers tools, and Kubernetes' pull secrets.

They are all one format: `auths` by registry (docker's config.json; containers-auth.json(5)), which a secret of type
kubernetes.io/dockerconfigjson holds whole and one of type kubernetes.io/dockercfg without the outer key. A key may
name a path below a registry and hold `*` in parts of the host, as
https://kubernetes.io/docs/concepts/containers/images/#config-json says; the most exact key counts.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from podvisor.images.errors import BadConfiguration
from podvisor.images.reference import DEFAULT_REGISTRY

HELPER_SECONDS = 30
"""How long a credential helper may take."""
TOKEN_USER = "<token>"
"""The user that a credential helper names when it gives an identity token."""


@dataclass(frozen=True, slots=True)
class Login:
    """A name and its secret, or a token to trade in. `repr()` shows none of it."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    """An OAuth 2 refresh token."""
    registry_token: str = field(default="", repr=False)
    """A bearer token for the registry itself."""


class Keyring(Protocol):
    """Knows logins."""

    def logins(self, registry: str, repository: str) -> Iterable[Login]:
        """Those to try for a repository, best first."""
        ...


@dataclass(frozen=True, slots=True)
class Auths:
    """The logins of one or more documents of that format."""

    entries: Mapping[str, Login] = field(default_factory=dict[str, Login])
    helpers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Credential helpers by registry; that of "" is asked for all."""

    def logins(self, registry: str, repository: str) -> Iterable[Login]:
        """Those to try, the most exact key first."""
        for name in (registry, ""):
            if (helper := self.helpers.get(name)) and (found := _ask(helper, registry)):
                yield found
        matching = [key for key in self.entries if matches(key, registry, repository)]
        for key in sorted(matching, key=lambda key: (-key.count("/"), -len(key), key)):
            yield self.entries[key]


@dataclass(frozen=True, slots=True)
class Joined:
    """Several keyrings, asked in order."""

    rings: tuple[Keyring, ...] = ()

    def logins(self, registry: str, repository: str) -> Iterable[Login]:
        for ring in self.rings:
            yield from ring.logins(registry, repository)


def joined(documents: Iterable[Auths]) -> Auths:
    """The logins of several documents, earlier ones over later ones, without their helpers: those are programs."""
    entries: dict[str, Login] = {}
    for one in documents:
        entries = {**one.entries, **entries}
    return Auths(entries)


def matches(key: str, registry: str, repository: str) -> bool:
    """True if a key of `auths` is for this repository."""
    _, _, path = _bare(key).partition("/")
    path = "" if path in ("v1", "v2") else path
    wanted, given = registry.split("."), _registry(key).split(".")
    if len(wanted) != len(given) or not all(map(fnmatch.fnmatchcase, wanted, given)):
        return False
    return not path or repository == path or repository.startswith(f"{path}/")


def _bare(key: str) -> str:
    return key.removeprefix("https://").removeprefix("http://").rstrip("/")


def _registry(key: str) -> str:
    """The registry that a key is for; docker's own has older names."""
    host = _bare(key).partition("/")[0]
    return DEFAULT_REGISTRY if host in ("index.docker.io", "registry-1.docker.io") else host


def secret(kind: str, data: Mapping[str, bytes]) -> Auths:
    """The logins in a pull secret's data; none where it is of another type or cannot be read, as the kubelet has it."""
    try:
        if kind == "kubernetes.io/dockerconfigjson":
            return parse(data.get(".dockerconfigjson", b"{}"))
        if kind == "kubernetes.io/dockercfg":
            return parse(b'{"auths": %s}' % data.get(".dockercfg", b"{}"))
    except ValueError:
        pass
    return Auths()


def parse(data: bytes) -> Auths:
    """Read a document. Raises ValueError."""
    found = json.loads(data)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")
    document = cast("dict[str, Any]", found)
    auths: Any = document.get("auths") or {}
    named: Any = document.get("credHelpers") or {}
    if not (isinstance(auths, dict) and isinstance(named, dict)):
        raise ValueError("auths or credHelpers is no object")
    found_logins = cast("dict[str, dict[str, Any]]", auths).items()
    entries = {str(key): login(one) for key, one in found_logins if one}
    helpers = {_registry(key): str(one) for key, one in cast("dict[str, Any]", named).items()}
    if store := document.get("credsStore"):
        helpers[""] = str(store)
    return Auths(entries, helpers)


def login(fields: Mapping[str, Any]) -> Login:
    """One entry: `auth` is `username:password` in base64. Raises ValueError."""
    if not isinstance(fields, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # it comes from a file
        raise ValueError("an entry of auths is no object")
    username, password = str(fields.get("username") or ""), str(fields.get("password") or "")
    if packed := fields.get("auth"):
        try:
            username, _, password = base64.b64decode(str(packed), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError("auth is no base64 of username:password") from error
    identity = fields.get("identitytoken") or fields.get("identity_token") or ""
    return Login(username, password.rstrip("\0"), str(identity), str(fields.get("registrytoken") or ""))


def of_user(environment: Mapping[str, str]) -> Joined:
    """What this user is logged in to, by docker's and by the containers tools' files. Raises BadConfiguration."""
    home = environment.get("HOME") or os.path.expanduser("~")
    docker = Path(environment.get("DOCKER_CONFIG") or f"{home}/.docker", "config.json")
    places = [docker, Path(environment.get("XDG_CONFIG_HOME") or f"{home}/.config", "containers/auth.json")]
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        places.insert(0, Path(runtime, "containers/auth.json"))
    if named := environment.get("REGISTRY_AUTH_FILE"):
        places.insert(0, Path(named))
    return Joined(tuple(_load(place) for place in places if place.is_file()))


def _load(path: Path) -> Auths:
    try:
        return parse(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadConfiguration(f"{path}: {_quiet(error)}") from error


def _quiet(error: Exception) -> str:
    """What is wrong, without the text in which it is: that may be a password."""
    return f"no JSON, at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else str(error)


def _ask(helper: str, registry: str) -> Login | None:
    """Ask `docker-credential-HELPER` (docker-credential-helpers' protocol); None where it knows nothing."""
    server = "https://index.docker.io/v1/" if registry == DEFAULT_REGISTRY else registry
    try:
        answer = subprocess.run(
            [f"docker-credential-{os.path.basename(helper)}", "get"],
            input=server.encode(),
            capture_output=True,
            timeout=HELPER_SECONDS,
            check=True,
        )
        found = json.loads(answer.stdout)
        username, password = str(found["Username"]), str(found["Secret"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None
    return Login(identity_token=password) if username == TOKEN_USER else Login(username, password)
