"""The files that a node writes for a pod's volumes."""

from pathlib import Path

import pytest

from podvisor.node import volumes
from podvisor.node.errors import Unresolvable


@pytest.mark.parametrize("name", ["../x", "a/../../x", "..", "..data", "", "."])
def test_file_of_a_volume_is_never_written_outside_of_it(tmp_path: Path, name: str) -> None:
    place = tmp_path / "volume"
    place.mkdir()
    with pytest.raises(Unresolvable):
        volumes.write(place, {"fine": (b"", 0o644), name: (b"planted", 0o644)})
    assert [one.name for one in tmp_path.rglob("*")] == ["volume"]


def test_absolute_path_of_a_volume_file_is_refused(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    with pytest.raises(Unresolvable, match="must be relative"):
        volumes.write(tmp_path, {str(planted): (b"", 0o644)})
    assert not planted.exists()
