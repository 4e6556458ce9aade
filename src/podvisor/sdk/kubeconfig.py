"""Kubeconfig files: which cluster, as whom, in which namespace.

https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/ gives the rules of finding and
merging. Credential plugins (`exec`) and the old `auth-provider` are not run: a user that needs one is refused.
"""

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from podvisor.sdk.http import Access

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its own credentials."""


class KubeconfigError(Exception):
    """No kubeconfig was found, or it does not say what is needed."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a kubeconfig's context leads to."""

    name: str
    access: Access
    namespace: str = "default"


def paths() -> Sequence[Path]:
    """The files that count: those of `$KUBECONFIG`, else the one in the home directory."""
    if listed := os.environ.get("KUBECONFIG"):
        return [Path(path) for path in listed.split(os.pathsep) if path]
    return [Path.home() / ".kube" / "config"]


def load(files: Sequence[Path] | None = None, context: str = "") -> Context:
    """The named context, or the current one, of these files (by default those of `paths`).

    Of several files the first that names an entry wins; missing files are passed over, as kubectl does.
    """
    files = paths() if files is None else files
    present = [(path.parent, _read(path)) for path in files if path.exists()]
    if not present:
        raise KubeconfigError(f"no kubeconfig at {', '.join(map(str, files))}")
    name = context or next((config["current-context"] for _, config in present if config.get("current-context")), "")
    if not name:
        raise KubeconfigError("no context is named, and the kubeconfig has no current-context")
    _, chosen = _entry(present, "contexts", "context", name)
    cluster_folder, cluster = _entry(present, "clusters", "cluster", str(chosen.get("cluster", "")))
    user = _Fields(Path(), {})
    if chosen.get("user"):
        user = _Fields(*_entry(present, "users", "user", str(chosen["user"])))
    access = _access(_Fields(cluster_folder, cluster), user, name)
    return Context(name, access, str(chosen.get("namespace") or "default"))


def in_cluster(folder: Path = SERVICE_ACCOUNT) -> Context:
    """What a pod gets from its service account, as client-go's `rest.InClusterConfig`."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    token = folder / "token"
    if not host or not port or not token.exists():
        raise KubeconfigError("not inside a cluster: KUBERNETES_SERVICE_HOST, _PORT and a mounted token are needed")
    host = f"[{host}]" if ":" in host else host
    authority = (folder / "ca.crt").read_bytes()
    namespace = (folder / "namespace").read_text().strip()
    return Context("in-cluster", Access(f"https://{host}:{port}", authority, token_file=str(token)), namespace)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        config: object = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise KubeconfigError(f"{path} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise KubeconfigError(f"{path} holds no kubeconfig")
    return cast("Mapping[str, Any]", config)


def _entry(
    present: Sequence[tuple[Path, Mapping[str, Any]]], section: str, field: str, name: str
) -> tuple[Path, Mapping[str, Any]]:
    for folder, config in present:
        for entry in cast("list[dict[str, Any]]", config.get(section) or []):
            if entry.get("name") == name:
                return folder, cast("dict[str, Any]", entry.get(field) or {})
    raise KubeconfigError(f'no entry "{name}" in {section}')


@dataclass(frozen=True, slots=True)
class _Fields:
    """One entry, whose relative paths start at its own file's folder."""

    folder: Path
    values: Mapping[str, Any]

    def text(self, name: str) -> str:
        return str(self.values.get(name) or "")

    def path(self, name: str) -> str:
        return str(self.folder / self.text(name)) if self.text(name) else ""

    def pem(self, name: str) -> bytes:
        """Embedded (`name-data`, base64), which wins, or in a file (`name`)."""
        if embedded := self.text(f"{name}-data"):
            return base64.b64decode(embedded)
        return Path(self.path(name)).read_bytes() if self.text(name) else b""


def _access(cluster: _Fields, user: _Fields, name: str) -> Access:
    if not cluster.text("server"):
        raise KubeconfigError(f'the cluster of context "{name}" has no server')
    if user.values.get("exec") or user.values.get("auth-provider"):
        raise KubeconfigError(f'the user of context "{name}" needs a credential plugin, which is not supported')
    try:
        return Access(
            server=cluster.text("server"),
            authority=cluster.pem("certificate-authority"),
            certificate=user.pem("client-certificate"),
            key=user.pem("client-key"),
            token=user.text("token"),
            token_file="" if user.text("token") else user.path("tokenFile"),
            insecure=bool(cluster.values.get("insecure-skip-tls-verify")),
        )
    except (OSError, ValueError) as error:
        raise KubeconfigError(f'context "{name}": {error}') from error
