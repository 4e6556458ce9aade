"""Which files of the machine a pod may be shown."""

from pathlib import Path

import pytest

from podvisor.node import hostpaths
from podvisor.node.errors import Unresolvable
from podvisor.node.objects import HostPath


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    place = tmp_path / "allowed"
    place.mkdir()
    (tmp_path / "allowed-not").mkdir()
    return place


def test_allowed_directory_itself_is_shown(allowed: Path) -> None:
    assert hostpaths.find(HostPath(str(allowed)), [str(allowed)]) == str(allowed)


@pytest.mark.parametrize("path", ["..", "../allowed-not", "link", "link/below"])
def test_only_what_lies_below_an_allowed_directory_is_shown(allowed: Path, path: str) -> None:
    (allowed / "link").symlink_to(allowed.parent / "allowed-not")
    with pytest.raises(Unresolvable, match="not below a directory that this node's operator allowed"):
        hostpaths.find(HostPath(str(allowed / path)), [str(allowed)])


def test_nothing_is_allowed_unless_somebody_says_so(allowed: Path) -> None:
    with pytest.raises(Unresolvable, match="not below"):
        hostpaths.find(HostPath(str(allowed)), [])


@pytest.mark.parametrize(
    ("kind", "made"), [("DirectoryOrCreate", Path.is_dir), ("FileOrCreate", Path.is_file), ("", None), ("File", None)]
)
def test_what_is_not_there_is_made_where_the_type_says_so(allowed: Path, kind: str, made: object) -> None:
    wanted = HostPath(str(allowed / "new"), kind)
    if made is None:
        with pytest.raises(Unresolvable, match="type check failed"):
            hostpaths.find(wanted, [str(allowed)])
        return
    assert made(Path(hostpaths.find(wanted, [str(allowed)])))  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("kind", ["Directory", "File"])
def test_what_is_of_another_type_is_refused(allowed: Path, kind: str) -> None:
    (allowed / "Directory").write_text("")
    (allowed / "File").mkdir()
    with pytest.raises(Unresolvable, match="hostPath type check failed"):
        hostpaths.find(HostPath(str(allowed / kind), kind), [str(allowed)])
