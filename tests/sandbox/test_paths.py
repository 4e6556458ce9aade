"""Host paths into which others put symbolic links meanwhile."""

import os
from pathlib import Path

import pytest

from podvisor.sandbox import errors, paths, protocol, spec
from podvisor.sandbox.descriptors import Descriptors


def offered(path: Path, *, read_only: bool = True) -> os.stat_result:
    """What a volume at `path` hands to the kernel."""
    with Descriptors("test") as descriptors:
        protocol.volume(spec.Volume("v", path=str(path), read_only=read_only), descriptors)
        return os.fstat(descriptors.sent[0])


@pytest.mark.parametrize("swapped", ["a", "a/b", "a/b/c"])
def test_volume_is_not_found_by_way_of_a_link_that_came_after_its_path_was_resolved(
    tmp_path: Path, swapped: str
) -> None:
    secret = tmp_path / "outside" / "b" / "c"
    secret.mkdir(parents=True)
    place = tmp_path / "inside" / "a" / "b" / "c"
    place.mkdir(parents=True)
    assert offered(place).st_ino == place.stat().st_ino
    link = tmp_path / "inside" / swapped
    link.rename(tmp_path / "gone")
    link.symlink_to(tmp_path / "outside" / Path(swapped).relative_to("a"))
    assert place.samefile(secret)
    with pytest.raises((OSError, errors.NotMountable)):
        offered(place)


def test_fifo_at_a_volume_s_path_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(errors.NotMountable, match="neither a directory nor a regular file"):
        offered(tmp_path / "fifo")


def test_what_was_seen_is_opened_though_something_else_is_there_by_then(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("seen")
    seen = paths.look(str(place))
    place.rename(tmp_path / "moved")
    os.mkfifo(place)
    with open(paths.reopen(seen, os.O_RDONLY)) as opened:
        assert opened.read() == "seen"
    os.close(seen)


def test_directories_are_not_made_by_way_of_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(NotADirectoryError, match="link"):
        paths.look(str(tmp_path / "link" / "made"), make=True)
    assert not list((tmp_path / "outside").iterdir())


def test_looking_leaves_no_descriptors(tmp_path: Path, open_descriptors) -> None:
    before = open_descriptors()
    os.close(paths.look(str(tmp_path / "a" / "b"), make=True))
    with pytest.raises(FileNotFoundError):
        paths.look(str(tmp_path / "none" / "b"))
    assert open_descriptors() == before
