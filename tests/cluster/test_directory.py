"""Who has a data directory."""

import json
import os
from pathlib import Path

import pytest

from podvisor.cluster import kubeconfig
from podvisor.cluster.certificates import Pair
from podvisor.cluster.directory import Directory, Running, replace
from podvisor.cluster.errors import AlreadyRunning, Unwritable
from podvisor.cluster.settings import default_data_dir
from podvisor.sdk import kubeconfig as reading


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    directory = Directory(tmp_path / "data")
    directory.create()
    return directory


def test_the_holder_is_known_while_it_holds(directory: Directory):
    assert directory.holder() is None
    with directory.held():
        assert directory.holder() == os.getpid()
        assert directory.holder() == os.getpid(), "asking does not let go"
    assert directory.holder() is None


def test_a_second_holder_is_told_who_has_it_and_what_to_do(directory: Directory):
    with directory.held():
        told = f"process {os.getpid()}.*podvisor down --data-dir"
        with pytest.raises(AlreadyRunning, match=told), directory.held():
            pass
        assert directory.holder() == os.getpid()


def test_what_was_announced_counts_only_while_its_process_holds_the_directory(directory: Directory):
    running = Running(os.getpid(), "https://127.0.0.1:6443", "2026-01-01T00:00:00Z")
    with directory.held():
        assert directory.running() is None
        directory.announce(running)
        assert directory.running() == running
    assert directory.running() is None


def test_a_directory_that_was_never_used_has_no_holder(tmp_path: Path):
    assert Directory(tmp_path / "nothing").holder() is None
    assert not (tmp_path / "nothing").exists()


def test_a_directory_that_cannot_be_made_says_what_to_do(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(Unwritable, match=r"Not a directory; choose another directory with --data-dir"):
        Directory(tmp_path / "file" / "data").create()


def test_others_cannot_look_into_it(directory: Directory):
    assert directory.root.stat().st_mode & 0o077 == 0


def test_a_file_is_replaced_whole(tmp_path: Path):
    replace(tmp_path / "file", b"one")
    replace(tmp_path / "file", b"two")
    assert (tmp_path / "file").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("data_home", "expected"), [("/data", "/data/podvisor"), ("", "/home/me/.local/share/podvisor"), ("relative", None)]
)
def test_the_default_directory_follows_the_base_directory_specification(
    monkeypatch: pytest.MonkeyPatch, data_home: str, expected: str | None
):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("XDG_DATA_HOME", data_home)
    assert default_data_dir() == Path(expected or "/home/me/.local/share/podvisor")


def test_the_kubeconfig_is_one_that_clients_read(tmp_path: Path):
    path = tmp_path / "admin.kubeconfig"
    path.write_bytes(kubeconfig.render("https://127.0.0.1:1", b"ca", "admin", Pair(b"certificate", b"key")))
    assert json.loads(path.read_bytes())["kind"] == "Config"
    access = reading.load([path]).access
    assert (access.server, access.authority) == ("https://127.0.0.1:1", b"ca")
    assert (access.certificate, access.key) == (b"certificate", b"key")
