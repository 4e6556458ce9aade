"""The files of a volume that shows API objects."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podvisor.node import payload
from podvisor.node.errors import Unresolvable

NOW = datetime(2026, 1, 2, tzinfo=UTC)
NAMES = st.text("abc", min_size=1, max_size=2)
STATES = st.dictionaries(NAMES, st.tuples(st.binary(max_size=4), st.sampled_from([0o644, 0o400])), max_size=4)


def shown(place: Path) -> dict[str, tuple[bytes, int]]:
    """What a reader finds."""
    files = [Path(root, name) for root, _, names in os.walk(place, followlinks=True) for name in names]
    seen = [file for file in files if not any(part.startswith("..") for part in file.relative_to(place).parts)]
    return {str(file.relative_to(place)): (file.read_bytes(), file.stat().st_mode & 0o777) for file in seen}


@pytest.mark.parametrize("name", ["../x", "a/../../x", "..", "..data", "", "."])
def test_file_of_a_volume_is_never_written_outside_of_it(tmp_path: Path, name: str) -> None:
    place = tmp_path / "volume"
    place.mkdir()
    with pytest.raises(Unresolvable):
        payload.write(place, {"fine": (b"", 0o644), name: (b"planted", 0o644)}, NOW)
    assert [one.name for one in tmp_path.rglob("*")] == ["volume"]


def test_absolute_path_of_a_volume_file_is_refused(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    with pytest.raises(Unresolvable, match="must be relative"):
        payload.write(tmp_path, {str(planted): (b"", 0o644)}, NOW)
    assert not planted.exists()


def test_names_are_links_to_the_state_that_holds(tmp_path: Path) -> None:
    payload.write(tmp_path, {"a": (b"1", 0o644), "deep/b": (b"2", 0o400)}, NOW)
    assert os.readlink(tmp_path / "a") == "..data/a"
    assert os.readlink(tmp_path / "deep") == "..data/deep"
    assert os.readlink(tmp_path / "..data").startswith("..2026_01_02_00_00_00.")
    assert shown(tmp_path) == {"a": (b"1", 0o644), "deep/b": (b"2", 0o400)}


def test_same_files_again_change_nothing(tmp_path: Path) -> None:
    files = {"a": (b"1", 0o644), "deep/b": (b"2", 0o400)}
    payload.write(tmp_path, files, NOW)
    before = os.readlink(tmp_path / "..data")
    payload.write(tmp_path, files, NOW + timedelta(minutes=1))
    assert os.readlink(tmp_path / "..data") == before


def test_reader_who_has_found_a_state_reads_all_of_it_from_there_or_nothing(tmp_path: Path) -> None:
    payload.write(tmp_path, {"a": (b"old", 0o644)}, NOW)
    held = os.open(tmp_path / "a", os.O_RDONLY)
    payload.write(tmp_path, {"a": (b"new", 0o644)}, NOW)
    assert os.read(held, 10) == b"old"
    os.close(held)
    assert (tmp_path / "a").read_bytes() == b"new"


@given(states=st.lists(STATES, max_size=5))
def test_whatever_was_there_before_the_last_state_is_what_is_shown(
    tmp_path_factory: pytest.TempPathFactory, states: list[dict[str, tuple[bytes, int]]]
) -> None:
    place = tmp_path_factory.mktemp("volume")
    for state in states:
        payload.write(place, state, NOW)
        assert shown(place) == state
        assert len([one for one in place.iterdir() if one.name.startswith("..2")]) == 1


def test_places_for_mounts_stay_when_the_files_change(tmp_path: Path):
    payload.write(tmp_path, {"key": (b"1", 0o644)}, NOW)
    payload.make_places(tmp_path, {"secrets": False, "log/end": True, "key": True}, {"key": (b"1", 0o644)})
    assert (tmp_path / "secrets").is_dir()
    assert (tmp_path / "log" / "end").is_file()
    payload.write(tmp_path, {"key": (b"2", 0o644)}, NOW)
    assert (tmp_path / "secrets").is_dir()
    assert (tmp_path / "key").read_bytes() == b"2"
