"""Where a registry's content is fetched: its own address or mirrors, how it is trusted, and who one is there.

`registries.yaml` has the format that k3s documents ("Private Registry Configuration"): `mirrors` with endpoints and
rewrites, and `configs` with `auth` and `tls`. Without an entry a registry is asked over HTTPS, and one on this machine
(localhost, 127.0.0.0/8, ::1) over plain HTTP where it does not speak TLS, as docker does.
"""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote, urlsplit

import yaml

from podvisor.images.errors import BadConfiguration, quiet
from podvisor.images.reference import DEFAULT_REGISTRY
from podvisor.images.registry import credentials
from podvisor.images.registry.credentials import Login

DEFAULT_HOST = "registry-1.docker.io"
"""Where the content of `docker.io` is."""


@dataclass(frozen=True, slots=True)
class Tls:
    """How an endpoint is trusted, and what it is shown."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    insecure_skip_verify: bool = False

    def context(self) -> ssl.SSLContext | None:
        """None for the usual one, which takes long to make. Raises BadConfiguration for a file that is not there."""
        if self == Tls():
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(filter(None, (self.ca_file, self.cert_file, self.key_file)))
            raise BadConfiguration(f"registries: tls files {files}: {error}") from error
        if self.insecure_skip_verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place to ask for a repository."""

    url: str
    """Scheme, host and a path before `/v2`, if any; without a slash at its end."""
    repository: str
    """The name that the repository has there."""
    tls: Tls = Tls()
    login: Login | None = None
    """What the configuration says; it counts before what others give."""
    plain_allowed: bool = False
    """True where credentials may travel over plain HTTP, and HTTP is tried if TLS is not spoken."""
    is_mirror: bool = False
    """True if somebody else than the registry serves it: the registry's credentials are not for them."""

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class Registries:
    """What `registries.yaml` says."""

    mirrors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])

    def endpoints(self, registry: str, repository: str) -> list[Endpoint]:
        """Where to ask, in order: the mirrors, then the registry itself. Raises BadConfiguration."""
        mirror = self.mirrors.get(registry) or self.mirrors.get("*") or {}
        urls = [str(one) for one in mirror.get("endpoint") or ()]
        renamed = _rewritten(mirror.get("rewrite") or {}, repository)
        own = DEFAULT_HOST if registry == DEFAULT_REGISTRY else registry
        found = [self._mirror(url, renamed, own) for url in urls]
        if own not in {one.host for one in found}:
            found.append(self._endpoint(f"https://{own}", repository, named=registry))
        return found

    def _mirror(self, url: str, repository: str, own: str) -> Endpoint:
        found = self._endpoint(url, repository)
        return replace(found, is_mirror=found.host != own)

    def _endpoint(self, url: str, repository: str, *, named: str = "") -> Endpoint:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise BadConfiguration(f"registries: endpoint {quiet(url)!r} is no http or https address")
        path = parts.path.rstrip("/").removesuffix("/v2")
        userinfo, _, netloc = parts.netloc.rpartition("@")
        config = self.configs.get(netloc) or self.configs.get(named) or {}
        return Endpoint(
            f"{parts.scheme}://{netloc}{path}",
            repository,
            _tls(config.get("tls") or {}),
            _login(config.get("auth") or {}) or _of_address(userinfo),
            plain_allowed=parts.scheme == "http" or is_here(parts.hostname or ""),
        )


def load(path: Path | None) -> Registries:
    """Read a `registries.yaml`; nothing where there is none. Raises BadConfiguration."""
    if path is None or not path.exists():
        return Registries()
    try:
        found: Any = yaml.safe_load(path.read_text()) or {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadConfiguration(f"{path}: {' '.join(str(error).split())}") from error
    return Registries(_section(path, found, "mirrors"), _section(path, found, "configs"))


def _section(path: Path, found: Any, name: str) -> Mapping[str, Mapping[str, Any]]:
    wrong = BadConfiguration(f"{path}: {name} is no mapping of registries to their settings")
    if not isinstance(found, dict):
        raise wrong
    section: Any = cast("dict[str, Any]", found).get(name) or {}
    if not isinstance(section, dict):
        raise wrong
    entries = cast("dict[str, Any]", section)
    if not all(one is None or isinstance(one, dict) for one in entries.values()):
        raise wrong
    return {str(key): one or {} for key, one in entries.items()}


def _rewritten(rules: Mapping[str, str], repository: str) -> str:
    """The first rule that matches, with Go's `$1` for groups."""
    for pattern, replacement in rules.items():
        try:
            if re.search(pattern, repository):
                return re.sub(pattern, re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", replacement), repository)
        except re.error as error:
            raise BadConfiguration(f"registries: rewrite {pattern!r}: {error}") from error
    return repository


def _tls(section: Mapping[str, Any]) -> Tls:
    return Tls(
        section.get("ca_file"),
        section.get("cert_file"),
        section.get("key_file"),
        bool(section.get("insecure_skip_verify")),
    )


def _login(section: Mapping[str, Any]) -> Login | None:
    return credentials.login(section) if section else None


def _of_address(userinfo: str) -> Login | None:
    username, _, password = userinfo.partition(":")
    return Login(unquote(username), unquote(password)) if username else None


def is_here(host: str) -> bool:
    """True for this machine's own loopback."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
