"""What is the host's stays out of reach, though the host's own programs run."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness import Sandboxed


@pytest.mark.parametrize(
    "path",
    ["/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/ssl/private", "/root/.ssh", "/home/*", "/var/lib/*", "/run/*/*"],
)
def test_files_of_the_machine_are_not_there(sandboxed: Sandboxed, path: str):
    assert sandboxed.shell(f"ls -d {path}").stdout == ""


def test_the_current_directory_is_not_there(sandboxed: Sandboxed, tmp_path: Path, monkeypatch):
    (tmp_path / "mine").write_text("private")
    monkeypatch.chdir(tmp_path)
    outcome = sandboxed.shell(f"cat mine {tmp_path}/mine; ls /tmp | wc -l")
    assert outcome.stdout == "0\n"


def test_processes_of_the_machine_are_not_there(sandboxed: Sandboxed):
    outcome = sandboxed.shell("echo $$; ls -d /proc/[0-9]* | wc -l; kill -0 $1 2>&1; echo $?")
    assert outcome.stdout.splitlines()[0] == "1"
    assert int(outcome.stdout.splitlines()[1]) <= 3


def test_one_sandbox_does_not_see_another(sandboxed: Sandboxed):
    sandboxed.shell("echo x >/tmp/left; echo x >/usr/left; echo x >/dev/shm/left")
    assert sandboxed.shell("ls /tmp/left /usr/left /dev/shm/left").stdout == ""


def test_writing_to_the_image_does_not_reach_the_host(sandboxed: Sandboxed):
    outcome = sandboxed.shell("rm -rf /usr/share/doc && echo x >/usr/bin/made && ls /usr/bin/made && ls /usr/share/doc")
    assert outcome.stdout == "/usr/bin/made\n"
    assert not os.path.exists("/usr/bin/made")
    assert os.path.exists("/usr/share")


def test_the_machines_network_is_not_there(sandboxed: Sandboxed):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        outcome = sandboxed.run("--", "/usr/bin/python3", "-c", script)
    assert "ConnectionRefusedError" in outcome.stderr


def test_abstract_sockets_of_the_machine_are_not_there(sandboxed: Sandboxed):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(b"\0podvisor-test")
        server.listen()
        script = "import socket; socket.socket(socket.AF_UNIX).connect(b'\\0podvisor-test')"
        outcome = sandboxed.run("--", "/usr/bin/python3", "-c", script)
    assert "ConnectionRefusedError" in outcome.stderr


@pytest.mark.parametrize(
    ("call", "refusals"),
    [
        ("mount -t tmpfs none /mnt", ("permission denied", "must be superuser", "Operation not permitted")),
        (
            "chroot /usr true; unshare -m true",
            ("not permitted", "denied", "not implemented", "No such file", "Invalid"),
        ),
        ("mknod /tmp/m b 8 0; cat /tmp/m", ("No such device",)),
        ("echo 1 >/proc/sys/kernel/panic", ("not permitted", "denied", "Read-only", "nonexistent", "Directory")),
        ("insmod /no.ko", ("not permitted", "not found", "No such", "denied", "not implemented")),
        ("swapoff -a; reboot -f", ("not permitted", "not found", "denied", "must be root")),
        ("date -s @0", ("not permitted", "cannot set")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_change_the_machine_is_refused(sandboxed: Sandboxed, call: str, refusals: tuple[str, ...]):
    outcome = sandboxed.shell(call)
    assert any(refusal in outcome.stderr for refusal in refusals), outcome


def test_the_machines_log_is_not_there(sandboxed: Sandboxed):
    assert sandboxed.run("--", "dmesg").stdout == ""


def test_a_host_process_cannot_be_signalled_by_its_number(sandboxed: Sandboxed):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as victim:
        outcome = sandboxed.shell(f"kill -9 {victim.pid}")
        assert victim.poll() is None
        assert victim.stdin is not None
        victim.stdin.write(b"\n")
    assert victim.returncode == 0
    assert outcome.code != 0


def test_descriptors_beyond_the_streams_are_not_inherited(tmp_path: Path):
    from harness.runners import podvisor

    (tmp_path / "secret").write_text("secret")
    fd = os.open(tmp_path / "secret", os.O_RDONLY)
    os.set_inheritable(fd, True)
    script = f"cat <&{fd}; ls /proc/self/fd"
    told = subprocess.run(
        [podvisor(), "run", "--", "bash", "-c", script], pass_fds=[fd], capture_output=True, text=True, check=True
    )
    os.close(fd)
    assert told.stdout.split() == ["0", "1", "2", "3"]


def test_the_kernel_says_who_it_is(sandboxed: Sandboxed):
    outcome = sandboxed.shell("uname -s; uname -v; uname -n")
    assert outcome.stdout.splitlines()[0] == "Linux"
    assert "podvisor" in outcome.stdout.splitlines()[1].lower()
    assert outcome.stdout.splitlines()[2] == "podvisor"
