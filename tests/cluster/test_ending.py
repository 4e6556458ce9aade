"""`podvisor down`, whatever has happened to the server before, leaves nothing behind."""

import os
import signal
from pathlib import Path

from harness.cluster import command, detach, names, up


def test_it_says_when_the_server_had_been_killed(data: Path):
    os.kill(detach(data), signal.SIGKILL)
    down = command("down", "--data-dir", data)
    assert (down.returncode, down.stdout) == (0, f"the server on {data} had been killed; nothing of it was left\n")
    assert command("down", "--data-dir", data).returncode == 1


def test_a_halted_server_is_stopped_gracefully(data: Path):
    os.kill(detach(data), signal.SIGSTOP)
    assert command("down", "--data-dir", data).stdout == f"stopped; its data stays in {data}\n"


def test_a_cluster_in_the_foreground_is_stopped_as_well(data: Path):
    cluster = up(data)
    assert command("down", "--data-dir", data).returncode == 0
    assert cluster.communicate() == ("stopped\n", "")
    assert cluster.returncode == 0


def test_what_was_stored_is_there_for_the_next_up(data: Path):
    detach(data)
    assert command("down", "--data-dir", data).returncode == 0
    detach(data)
    assert names(data) == []
