"""What each process of a sandbox could do if it were taken over, as the host tells it: /proc/PID/status, in each way in
which this machine lets a sandbox be started. As root and as an ordinary user, whoever runs the tests."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import modes
from harness.runners import podvisor

SETPCAP, SYS_ADMIN = 1 << 8, 1 << 21
SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
MODES = [mode for mode in (modes.PLAIN, modes.WITHOUT_NAMESPACES, modes.REFUSED) if mode.possible]


def status_of(process: int) -> dict[str, str]:
    """/proc/PID/status, by field."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def named(processes: list[int], name: str) -> list[int]:
    return [process for process in processes if status_of(process)["Name"] == name]


@dataclass(frozen=True, slots=True)
class Tree:
    """The processes of a sandbox whose guest has begun."""

    mode: modes.Mode
    kernel: int
    spawner: int
    keepers: list[int]
    guests: list[int]

    @property
    def own_users(self) -> bool:
        """True if it has a user namespace of its own."""
        return self.mode is modes.PLAIN and os.stat(f"/proc/{self.kernel}/ns/user") != os.stat("/proc/self/ns/user")


@pytest.fixture(scope="module", params=MODES, ids=str)
def tree(request: pytest.FixtureRequest) -> Iterator[Tree]:
    mode: modes.Mode = request.param
    command = [*mode.before, podvisor(), "run", "--", "/bin/sh", "-c", "echo ready; read line"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdin is not None
        assert running.stdout.readline() == "ready\n"
        kernel = next(child for child in children(running.pid) if named(children(child), "podvisor-spawn"))
        (spawner,) = named(children(kernel), "podvisor-spawn")
        guests = [child for child in children(kernel) if child != spawner]
        yield Tree(mode, kernel, spawner, children(spawner), guests)
        running.stdin.close()


def test_each_has_a_filter_and_gains_no_privileges(tree: Tree):
    for process in (tree.kernel, tree.spawner, *tree.keepers, *tree.guests):
        status = status_of(process)
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1"), status["Name"]


def test_each_has_its_own_filter_beside_those_that_it_inherits(tree: Tree):
    before = 1 if tree.mode is modes.REFUSED else 0
    before += int(status_of(os.getpid()).get("Seccomp_filters", "0"))
    filters = {process: int(status_of(process)["Seccomp_filters"]) - before for process in (tree.kernel, tree.spawner)}
    assert filters == {tree.kernel: 1, tree.spawner: 1}
    assert {int(status_of(process)["Seccomp_filters"]) - before for process in (*tree.keepers, *tree.guests)} == {2}


def test_nobody_has_a_capability_but_the_spawner_those_of_its_own_user_namespace(tree: Tree):
    for process in (tree.kernel, *tree.keepers, *tree.guests):
        status = status_of(process)
        assert {status[name] for name in SETS} == {"0" * 16}, status["Name"]
    allowed = SETPCAP | SYS_ADMIN if tree.own_users else 0
    spawner = status_of(tree.spawner)
    assert [name for name in SETS if int(spawner[name], 16) & ~allowed] == []


def test_there_are_pid_namespaces_only_where_the_spawner_may_make_them(tree: Tree):
    assert len(tree.keepers) == (1 if tree.own_users else 0)
    depth = len(status_of(tree.guests[0])["NSpid"].split()) - len(status_of(tree.kernel)["NSpid"].split())
    assert depth == len(tree.keepers)


@pytest.mark.skipif(os.geteuid() == 0, reason="files of root's processes are root's in any case")
def test_the_spawner_and_keepers_cannot_be_looked_into(tree: Tree):
    for process in (tree.spawner, *tree.keepers):
        assert os.stat(f"/proc/{process}/environ").st_uid != os.geteuid()
