"""What `podvisor up` refuses: one line that says what to do, exit code 1, and nothing left behind."""

import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from harness.cluster import command, end, names, up
from harness.runners import PATIENCE, podvisor

DETACH = pytest.mark.parametrize("detach", [[], ["--detach"]], ids=["foreground", "detached"])
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make this happen")


def refusal(data: Path, *arguments: str) -> str:
    """Why a cluster cannot start: the one line, without our name before it."""
    refused = command("up", "--data-dir", data, "--port", "0", *arguments)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused
    return refused.stderr.removeprefix("podvisor: ").rstrip("\n")


@DETACH
def test_a_second_up_on_the_same_directory(data: Path, detach: list[str]):
    cluster = up(data)
    assert refusal(data, *detach) == (
        f"a cluster already runs on {data} (process {cluster.pid}); stop it with: podvisor down --data-dir {data}"
    )
    assert names(data) == []
    assert end(cluster, signal.SIGINT) == (0, "")


@DETACH
def test_a_port_in_use(data: Path, detach: list[str]):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refusal(data, "--port", str(port), *detach) == (
            f"port {port} of 127.0.0.1 is in use; choose another with --port, or any free one with --port 0"
        )


def test_a_directory_below_a_file(tmp_path: Path):
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file" / "data") == (
        f"cannot write to {tmp_path}/file/data: Not a directory; choose another directory with --data-dir"
    )


def test_a_name_that_is_too_long(tmp_path: Path):
    assert "File name too long; choose another directory" in refusal(tmp_path / ("x" * 300))


@pytest.fixture
def somebody() -> pwd.struct_passwd:
    """A user who is not us."""
    return next(user for user in pwd.getpwall() if user.pw_uid not in (0, os.geteuid()))


def test_a_directory_that_anybody_may_write_to(data: Path):
    data.mkdir()
    data.chmod(0o777)
    assert refusal(data) == (
        f"anybody may replace files in {data}; run chmod o-w {data}, or choose another with --data-dir"
    )


@pytest.mark.parametrize("allowed", [".", "data/pki"], ids=["around", "inside"])
def test_host_paths_that_would_show_the_clusters_own_files(data: Path, allowed: str):
    shown = data.parent / allowed
    shown.mkdir(parents=True, exist_ok=True)
    assert refusal(data, "--allow-host-path", str(shown)) == (
        f"--allow-host-path {shown.resolve()} would show pods the cluster's own files in {data};"
        " allow another directory, or choose another with --data-dir"
    )


@ROOT
def test_a_directory_of_another_user(data: Path, somebody: pwd.struct_passwd):
    data.mkdir()
    os.chown(data, somebody.pw_uid, -1)
    assert refusal(data) == (
        f"{data} belongs to user {somebody.pw_name}; run as user {somebody.pw_name}, or choose another with --data-dir"
    )


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path]:
    """A file system that is too small for a cluster."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@ROOT
def test_a_disk_without_room(disk: Path):
    assert refusal(disk / "data") == (
        f"8 MiB are free for {disk}/data, and 32 are the least; make room, or choose another directory with --data-dir"
    )


@ROOT
def test_a_disk_that_is_read_only(disk: Path):
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert "Read-only file system; choose another directory with --data-dir" in refusal(disk / "data")


@pytest.mark.parametrize("content", [b"no database" * 1000, b"", b"x"], ids=["garbage", "empty", "short"])
def test_a_damaged_store(data: Path, content: bytes):
    (data / "store").mkdir(parents=True)
    (data / "store" / "data.mdb").write_bytes(content)
    if content:
        assert refusal(data).startswith(f"{data}/store is damaged: ")
    else:
        assert end(up(data), signal.SIGINT) == (0, "")


def test_a_store_that_was_cut_off(data: Path):
    end(up(data), signal.SIGINT)
    os.truncate(data / "store" / "data.mdb", 8192)
    assert refusal(data).startswith(f"{data}/store is damaged: ")


@pytest.mark.parametrize("name", ["ca.crt", "apiserver.key", "sa.key", "admin.crt"])
def test_a_damaged_certificate(data: Path, name: str):
    end(up(data), signal.SIGINT)
    (data / "pki" / name).write_bytes(b"nonsense")
    assert refusal(data).startswith(f"{data}/pki is damaged: {name.partition('.')[0]}")


def test_a_missing_kernel(data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PODVISOR_SANDBOX", "/nowhere")
    assert refusal(data) == "this machine cannot run pods: cannot run /nowhere: No such file or directory"


LISTENED = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
allow = ctypes.create_string_buffer(bytes([6, 0, 0, 0, 0, 0, 0xff, 0x7f]), 8)
program = (ctypes.c_uint64 * 2)(1, ctypes.addressof(allow))
libc.prctl(38, 1, 0, 0, 0)
listener = libc.syscall(317, 1, 8, program)
assert listener >= 0, os.strerror(ctypes.get_errno())
os.set_inheritable(listener, True)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Runs a command as an outer sandbox does: under a filter with a listener, seccomp(2) SECCOMP_SET_MODE_FILTER."""


def test_an_outer_sandbox_that_listens_already(data: Path):
    inner = [podvisor(), "up", "--data-dir", data, "--port", "0"]
    refused = subprocess.run(
        [sys.executable, "-c", LISTENED, *inner], capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert (refused.returncode, refused.stderr) == (
        1,
        "podvisor: this machine cannot run pods: cannot start a guest process: another sandbox already listens to this"
        " process's system calls; run podvisor outside of it\n",
    )


def test_a_path_for_hostpath_that_is_not_there(data: Path):
    refused = command("up", "--data-dir", data, "--allow-host-path", data)
    assert refused.returncode == 2
    assert f"Directory '{data}' does not exist" in refused.stderr
