"""What the tour finds on the machine: processes and traces. It must find them, or their absence proves nothing."""

import os
import socket
import subprocess
from pathlib import Path

from podvisor.tour import processes, traces


def test_descendants_are_found_and_known_to_have_ended() -> None:
    command = ["sh", "-c", "sleep 1000 & echo ready; wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        found = processes.below(shell.pid)
        assert [one.name for one in found] == ["sh", "sleep"]
        assert processes.children(shell.pid) == found[1:]
        assert processes.memory(found) > 0
        assert all(one.is_there for one in found)
        os.killpg(shell.pid, 9)
    assert not found[0].is_there


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    this = processes.below(os.getpid())[0]
    assert this.is_there
    assert not processes.Process(this.pid, this.started - 1).is_there


def test_a_socket_in_the_directory_is_a_trace(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert traces.of(tmp_path, [])["sockets"] == [str(tmp_path / "s")]
    assert not any(traces.of(tmp_path, traces.cgroups()).values())


def test_a_port_that_somebody_has_is_seen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert traces.listens(port)
    assert not traces.listens(port)
