"""`podvisor up`, `down` and `status`, as a user meets them."""

import json
import os
import signal
import subprocess
from pathlib import Path
from urllib.error import HTTPError

import pytest

from harness.cluster import api, command, create, detach, end, names, up
from harness.runners import podvisor
from podvisor.cluster.directory import Directory

STEPS = ["sandbox", "certificates", "store", "API server", "controllers", "node"]


def test_up_tells_each_step_with_its_time_and_what_to_do_next(data: Path):
    cluster = subprocess.Popen([podvisor(), "up", "--data-dir", data, "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert cluster.stdout is not None
    *steps, ready, last = [next(cluster.stdout) for _ in range(len(STEPS) + 2)]
    assert [line.split("  ")[0] for line in steps] == STEPS
    assert all(line.endswith(" s\n") for line in steps)
    assert f"export KUBECONFIG={data}/admin.kubeconfig" in ready
    assert last == "Ctrl-C stops it.\n"
    cluster.send_signal(signal.SIGINT)
    assert cluster.communicate()[0] == "stopped\n"
    assert cluster.returncode == 0


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


@pytest.mark.parametrize(
    ("token", "code", "reason"),
    [pytest.param("", 403, "Forbidden", id="anonymous"), pytest.param("made-up", 401, "Unauthorized", id="made-up")],
)
def test_strangers_are_not_let_in(data: Path, token: str, code: int, reason: str):
    cluster = up(data)
    with pytest.raises(HTTPError) as refused:
        api(data, "GET", "/api/v1/namespaces", token=token)
    end(cluster, signal.SIGINT)
    assert refused.value.code == code
    assert json.loads(refused.value.read())["reason"] == reason


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
    started = command("up", "--data-dir", data, "--port", "0", "--detach")
    assert (started.returncode, started.stderr) == (0, "")
    assert "ready" in started.stdout
    create(data, "here")
    down = command("down", "--data-dir", data)
    assert (down.returncode, down.stdout) == (0, f"stopped; its data stays in {data}\n")
    assert Directory(data).holder() is None
    assert (data / "podvisor.log").read_text() == ""


def test_status_tells_people_and_programs_the_same(data: Path):
    pid = detach(data)
    told = command("status", "--data-dir", data)
    assert told.returncode == 0
    words = [line.split()[0] for line in told.stdout.splitlines()]
    assert words == ["cluster", "API", "nodes", "pods", "memory", "kubeconfig"]
    found = json.loads(command("status", "--data-dir", data, "--output", "json").stdout)
    assert found["pid"] == pid
    assert found["url"] in told.stdout
    assert found["memoryBytes"] > 1 << 20


def test_status_says_that_a_halted_server_does_not_answer(data: Path):
    os.kill(detach(data), signal.SIGSTOP)
    told = command("status", "--data-dir", data)
    assert (told.returncode, told.stderr) == (1, "")
    assert "does not answer" in told.stdout


@pytest.mark.parametrize(("asked", "code"), [("down", 1), ("status", 3)])
def test_down_and_status_say_when_nothing_runs(data: Path, asked: str, code: int):
    done = command(asked, "--data-dir", data)
    assert (done.returncode, done.stderr) == (code, f"podvisor: no cluster runs on {data}\n")
    assert not data.exists()


def test_status_tells_a_program_that_nothing_runs(data: Path):
    told = command("status", "--data-dir", data, "-o", "json")
    assert (told.returncode, json.loads(told.stdout)) == (3, {"running": False})
