"""What the host is asked to do for a pod's limits: weight by the `cpu` limit, and a memory cgroup as a second belt."""

import os
from pathlib import Path

import pytest

from podvisor.base.clock import SystemClock
from podvisor.node import host_limits, memory_group
from podvisor.node.memory_group import V1, V2, MemoryGroup, Parent

MIB = 1 << 20


@pytest.mark.parametrize(
    ("cpus", "nice"), [(None, 0), (4.0, 0), (1.0, 0), (0.8, 1), (0.5, 3), (0.1, 10), (0.05, 13), (0.001, 19), (0.0, 19)]
)
def test_who_may_use_little_of_a_processor_gets_little_weight(cpus, nice):
    assert host_limits.niceness(cpus) == nice


@pytest.fixture
def first_version(tmp_path: Path) -> Path:
    """A directory that looks like a memory cgroup of version 1."""
    (tmp_path / "memory.limit_in_bytes").write_text("9223372036854771712")
    return tmp_path


def second_version(path: Path, *, procs: str, control: str = "") -> Path:
    """A directory that looks like a cgroup of version 2."""
    (path / "cgroup.controllers").write_text("cpu memory pids")
    (path / "cgroup.procs").write_text(procs)
    (path / "cgroup.subtree_control").write_text(control)
    return path


def test_a_named_directory_of_version_1_can_have_groups(first_version):
    assert memory_group.at(first_version) == Parent(first_version, V1)


def test_a_named_directory_that_is_no_cgroup_cannot(tmp_path):
    assert memory_group.at(tmp_path) is None


def test_a_group_of_version_2_that_holds_this_process_alone_gives_it_a_leaf(tmp_path):
    found = memory_group.at(second_version(tmp_path, procs=f"{os.getpid()}\n"))
    assert found == Parent(tmp_path, V2)
    assert (tmp_path / "podvisor-server" / "cgroup.procs").read_text() == str(os.getpid())
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+memory"


def test_a_group_of_version_2_that_holds_others_is_left_alone(tmp_path):
    assert memory_group.at(second_version(tmp_path, procs=f"1\n{os.getpid()}\n")) is None
    assert (tmp_path / "cgroup.subtree_control").read_text() == ""


async def test_a_group_is_wider_than_the_limit_and_goes_with_its_pod(first_version):
    parent = Parent(first_version, V1)
    async with host_limits.group(parent, "uid", SystemClock()) as group:
        assert group is not None
        host_limits.bound(group, 4711, 100 * MIB)
        written = {path.name: path.read_text() for path in group.path.iterdir()}
        assert written == {
            "memory.limit_in_bytes": str(142 * MIB),
            "memory.memsw.limit_in_bytes": str(142 * MIB),
            "cgroup.procs": "4711",
        }
        for path in group.path.iterdir():
            path.unlink()
    assert not group.path.exists()


async def test_without_a_cgroup_nothing_is_done():
    async with host_limits.group(None, "uid", SystemClock()) as group:
        host_limits.bound(group, 4711, 100 * MIB)
    assert group is None


def test_groups_of_servers_that_are_gone_are_swept(first_version):
    left, own = first_version / "podvisor-4194305-uid", first_version / f"podvisor-{os.getpid()}-uid"
    left.mkdir()
    own.mkdir()
    Parent(first_version, V1).sweep()
    assert (left.exists(), own.exists()) == (False, True)


def test_what_a_group_holds_is_what_cannot_be_taken_back(tmp_path):
    (tmp_path / "memory.stat").write_text("anon 4096\nfile 999999\nkernel 100\nshmem 8192\nsock 1\n")
    assert MemoryGroup(tmp_path, V2).held() == 4096 + 8192 + 100 + 1
