"""A hostile program in a sandbox: whatever it tries, it gains nothing, and its kernel goes on."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from escape import calls, exhaustion, files, network, processes
from escape.attempt import Attempt
from harness import modes
from harness.outcome import Outcome
from harness.runners import podvisor, run

ABSTRACT = f"podvisor-escape-{os.getpid()}"
KILLED = 137
HOARDED = "the memory limit ends it"


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What attackers look for on the machine: a listening port, an abstract socket, a directory with a socket in it."""
    directory = tmp_path_factory.mktemp("surroundings")
    (directory / "theirs").write_text("theirs")
    (directory / "inner").mkdir()
    (directory / "beside").write_text("beside")
    (directory / "inner" / "link").symlink_to(directory)
    with socket.create_server(("127.0.0.1", 0)) as server, listening(f"\0{ABSTRACT}"), listening(directory / "socket"):
        yield {"port": str(server.getsockname()[1]), "abstract": ABSTRACT, "directory": str(directory)}


def listening(at: str | Path) -> socket.socket:
    """A Unix socket that listens there."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(at))
    server.listen()
    return server


def attempt_in(mode: modes.Mode, attempt: Attempt, surroundings: dict[str, str]) -> Outcome:
    """Run it, with what it has to know of its surroundings."""

    def filled(word: str) -> str:
        for name, value in surroundings.items():
            word = word.replace("{" + name + "}", value)
        return word

    words = ["run", *map(filled, attempt.flags), "--", *map(filled, attempt.argv)]
    return run([*mode.before, podvisor(), *words], "", dict(os.environ), None)


EVERYTHING = [*calls.ATTEMPTS, *files.ATTEMPTS, *processes.ATTEMPTS, *network.ATTEMPTS, *exhaustion.ATTEMPTS]


@pytest.mark.parametrize("mode", modes.chosen(), ids=str)
@pytest.mark.parametrize("attempt", EVERYTHING, ids=str)
def test_nothing_is_gained(attempt: Attempt, mode: modes.Mode, surroundings: dict[str, str]):
    outcome = attempt_in(mode, attempt, surroundings)
    ended = outcome.code == KILLED and "limit" in outcome.stderr and attempt.may_be_killed
    assert ended or (outcome.stdout, outcome.code) == ("nothing\n", 0), outcome
    assert "invariant" not in outcome.stderr
