"""`podvisor up`, `down` and `status`, as a user meets them."""

import json
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Generator, Sequence
from pathlib import Path
from urllib.error import HTTPError

import pytest

from podvisor.cluster.directory import Directory
from podvisor.sdk import kubeconfig
from podvisor.sdk.http import tls_context

PODVISOR = [sys.executable, "-m", "podvisor"]


def podvisor(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run([*PODVISOR, *arguments], capture_output=True, text=True, check=False)


def up(data: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a cluster in the foreground, and return when it is ready."""
    command = [*PODVISOR, "up", "--data-dir", data, "--port", "0", *arguments]
    cluster = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert cluster.stdout is not None
    lines = iter(cluster.stdout.readline, "")
    assert any(line.startswith("ready") for line in lines), cluster.communicate()
    return cluster


def end(cluster: subprocess.Popen[str], number: int) -> tuple[int, str]:
    """Send a signal; the exit code and what was said on standard error."""
    cluster.send_signal(number)
    _, told = cluster.communicate()
    return cluster.returncode, told


def api(data: Path, method: str, path: str, body: object = None, *, token: str | None = None) -> dict[str, object]:
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
    api(data, "POST", "/api/v1/namespaces/default/configmaps", item)


def names(data: Path) -> Sequence[str]:
    """The ConfigMaps that tests made."""
    found = api(data, "GET", "/api/v1/namespaces/default/configmaps")["items"]
    assert isinstance(found, list)
    return sorted(item["metadata"]["name"] for item in found if item["metadata"]["name"] != "kube-root-ca.crt")


@pytest.fixture
def data(tmp_path: Path) -> Generator[Path]:
    """A data directory on which nothing runs afterwards."""
    yield tmp_path / "data"
    podvisor("down", "--data-dir", tmp_path / "data")


def test_up_tells_each_step_with_its_time_and_what_to_do_next(data: Path):
    cluster = subprocess.Popen(
        [*PODVISOR, "up", "--data-dir", data, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert cluster.stdout is not None
    told = [next(cluster.stdout) for _ in range(7)]
    assert [line.split("  ")[0] for line in told[:5]] == ["certificates", "store", "API server", "controllers", "node"]
    assert all(line.endswith(" s\n") for line in told[:5])
    assert f"export KUBECONFIG={data}/admin.kubeconfig" in told[5]
    assert told[6] == "Ctrl-C stops it.\n"
    assert end(cluster, signal.SIGINT) == (0, "")


def test_ctrl_c_is_graceful_and_everything_is_there_at_the_next_start(data: Path):
    cluster = up(data)
    create(data, "kept")
    assert end(cluster, signal.SIGINT) == (0, "")
    again = up(data)
    assert names(data) == ["kept"]
    assert end(again, signal.SIGTERM) == (0, "")


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(data: Path):
    kept: list[str] = []
    for life in range(4):
        cluster = up(data)
        assert names(data) == kept
        for number in range(5):
            create(data, f"life-{life}-{number}")
            kept.append(f"life-{life}-{number}")
        end(cluster, signal.SIGKILL)
    end(up(data), signal.SIGINT)


@pytest.mark.parametrize("token", ["", "made-up"])
def test_strangers_are_not_let_in(data: Path, token: str):
    cluster = up(data)
    with pytest.raises(HTTPError) as refused:
        api(data, "GET", "/api/v1/namespaces", token=token)
    assert refused.value.code == 401
    assert json.loads(refused.value.read())["reason"] == "Unauthorized"
    end(cluster, signal.SIGINT)


def test_a_service_account_is_known_by_its_token(data: Path):
    cluster = up(data)
    api(data, "POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "robot"}})
    reply = api(data, "POST", "/api/v1/namespaces/default/serviceaccounts/robot/token", {"spec": {}})
    status = reply["status"]
    assert isinstance(status, dict)
    with pytest.raises(HTTPError) as refused:
        api(data, "GET", "/api/v1/namespaces", token=status["token"])
    told = json.loads(refused.value.read())
    assert (refused.value.code, told["reason"]) == (403, "Forbidden")
    assert 'User "system:serviceaccount:default:robot" cannot list resource "namespaces"' in told["message"]
    end(cluster, signal.SIGINT)


def test_a_detached_cluster_goes_on_until_it_is_taken_down(data: Path):
    started = podvisor("up", "--data-dir", data, "--port", "0", "--detach")
    assert (started.returncode, started.stderr) == (0, "")
    assert "ready" in started.stdout
    create(data, "here")
    told = podvisor("status", "--data-dir", data)
    assert told.returncode == 0
    assert [line.split()[0] for line in told.stdout.splitlines()] == ["cluster", "API", "nodes", "pods", "kubeconfig"]
    down = podvisor("down", "--data-dir", data)
    assert (down.returncode, down.stdout) == (0, f"stopped; its data stays in {data}\n")
    assert Directory(data).holder() is None
    assert (data / "podvisor.log").read_text() == ""


def test_down_and_status_say_when_nothing_runs(data: Path):
    for command, code in (("down", 1), ("status", 3)):
        done = podvisor(command, "--data-dir", data)
        assert (done.returncode, done.stderr) == (code, f"podvisor: no cluster runs on {data}\n")
    assert not data.exists()


@pytest.mark.parametrize("detach", [[], ["--detach"]], ids=["foreground", "detached"])
def test_a_second_up_on_the_same_directory_is_one_clear_line(data: Path, detach: list[str]):
    cluster = up(data)
    second = podvisor("up", "--data-dir", data, "--port", "0", *detach)
    assert second.returncode == 1
    assert second.stderr == (
        f"podvisor: a cluster already runs on {data} (process {cluster.pid});"
        f" stop it with: podvisor down --data-dir {data}\n"
    )
    assert names(data) == []
    assert end(cluster, signal.SIGINT) == (0, "")


@pytest.mark.parametrize("detach", [[], ["--detach"]], ids=["foreground", "detached"])
def test_a_port_in_use_is_one_clear_line(data: Path, detach: list[str]):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = podvisor("up", "--data-dir", data, "--port", str(port), *detach)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"podvisor: port {port} of 127.0.0.1 is in use; choose another with --port, or any free one with --port 0\n"
    )


def test_an_unwritable_directory_is_one_clear_line(tmp_path: Path):
    (tmp_path / "file").touch()
    refused = podvisor("up", "--data-dir", tmp_path / "file" / "data")
    assert refused.returncode == 1
    assert refused.stderr == (
        f"podvisor: cannot write to {tmp_path}/file/data: Not a directory; choose another directory with --data-dir\n"
    )


def test_a_damaged_store_is_one_clear_line(data: Path):
    (data / "store").mkdir(parents=True)
    (data / "store" / "data.mdb").write_bytes(b"no database" * 1000)
    refused = podvisor("up", "--data-dir", data, "--port", "0")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"podvisor: {data}/store is damaged: ")
    assert refused.stderr.count("\n") == 1
