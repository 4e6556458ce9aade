"""Removing what a pod has left."""

import os
from pathlib import Path

from podvisor.node import removal


def test_tree_deeper_than_python_recurses_is_removed(tmp_path: Path):
    top = tmp_path / "pod"
    top.mkdir()
    place = os.open(top, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=place)
        below = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)
    removal.remove(top)
    assert not top.exists()


def test_link_out_of_the_tree_is_removed_and_not_followed(tmp_path: Path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "kept").touch()
    (tmp_path / "pod").mkdir()
    (tmp_path / "pod" / "link").symlink_to(tmp_path / "outside")
    removal.remove(tmp_path / "pod")
    assert (tmp_path / "outside" / "kept").exists()
    assert not (tmp_path / "pod").exists()


def test_directory_that_is_not_there_is_no_error(tmp_path: Path):
    removal.remove(tmp_path / "never")
