"""A cluster on a directory, driven by the commands that users have and through its API."""

import json
import ssl
import subprocess
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.runners import PATIENCE, podvisor
from podvisor.cluster.directory import Directory
from podvisor.sdk import kubeconfig
from podvisor.sdk.http import tls_context

Json = dict[str, Any]
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of podvisor's commands to its end."""
    return subprocess.run([podvisor(), *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE)


def up(data: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    """Start a cluster in the foreground, and return when it is ready."""
    started = subprocess.Popen(
        [podvisor(), "up", "--data-dir", data, "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    lines = iter(started.stdout.readline, "")
    assert any(line.startswith("Ctrl-C") for line in lines), started.communicate()
    return started


def detach(data: Path, *arguments: str | Path) -> int:
    """Start a cluster in the background; the number of its process."""
    started = command("up", "--data-dir", data, "--port", "0", "--detach", *arguments)
    assert (started.returncode, started.stderr) == (0, ""), started
    pid = Directory(data).holder()
    assert pid
    return pid


def end(cluster: subprocess.Popen[str], number: int) -> tuple[int, str]:
    """Send a signal; the exit code and what was said on standard error."""
    cluster.send_signal(number)
    _, told = cluster.communicate()
    return cluster.returncode, told


def api(data: Path, method: str, path: str, body: object = None, *, token: str | None = None) -> Json:
    """A request to the API, as the administrator, or with a token, which may be empty for a stranger."""
    access = kubeconfig.load([data / "admin.kubeconfig"]).access
    request = urllib.request.Request(access.server + path, method=method)
    context = tls_context(access)
    if token is not None:
        context = ssl.create_default_context(cadata=access.authority.decode())
        request.add_header("Authorization", f"Bearer {token}")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, json.dumps(body).encode() if body else None, context=context) as reply:
        return json.loads(reply.read())


def create(data: Path, name: str) -> None:
    """Create a ConfigMap."""
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": name}}
    api(data, "POST", CONFIG_MAPS, item)


def names(data: Path) -> Sequence[str]:
    """The ConfigMaps that tests made."""
    found = api(data, "GET", CONFIG_MAPS)["items"]
    return sorted(item["metadata"]["name"] for item in found if item["metadata"]["name"] != "kube-root-ca.crt")
