"""What is shown while layers come."""

import pytest

from podvisor.cli import image_list
from podvisor.cli.registries import Shown
from podvisor.images.assembling import Progress

FIRST, SECOND = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def see_all(shown: Shown) -> None:
    for digest, done in ((FIRST, 0), (SECOND, 50), (FIRST, 100), (FIRST, 100), (SECOND, 100)):
        shown.see(Progress(digest, done, 100))
    shown.close()


def test_a_file_gets_one_plain_line_for_each_layer(capsys):
    see_all(Shown(terminal=False))
    assert capsys.readouterr().err == f"{FIRST}: complete\n{SECOND}: complete\n"


def test_a_terminal_keeps_a_line_for_each_layer_and_nothing_that_changes(capsys):
    see_all(Shown(terminal=True))
    written = capsys.readouterr().err
    assert "aaaaaaaaaaaa: Pull complete\nbbbbbbbbbbbb: Pulling 50B/100B\n1/2 layers, 150B of 200B\n" in written
    assert on_screen(written) == ["aaaaaaaaaaaa: Pull complete", "bbbbbbbbbbbb: Pull complete"]


def on_screen(written: str) -> list[str]:
    """The lines of a terminal after what was written to it: console_codes(4), as far as it is used."""
    lines: list[str] = []
    for piece in written.split("\r"):
        up, erase, text = piece.partition("\033[J")
        if erase:
            count = int(up.removeprefix("\033[").removesuffix("A") or 0)
            lines = lines[: len(lines) - count]
        lines += (text if erase else piece).splitlines()
    return lines


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-01-01T00:00:00Z", "Less than a second ago"),
        ("2025-12-31T23:59:30.5Z", "29 seconds ago"),
        ("2025-12-31T23:59:00Z", "About a minute ago"),
        ("2025-12-31T23:00:00Z", "About an hour ago"),
        ("2025-12-31T00:00:00+01:00", "25 hours ago"),
        ("2025-12-25T00:00:00Z", "7 days ago"),
        ("2025-12-01T00:00:00Z", "4 weeks ago"),
        ("2025-06-01T00:00:00Z", "7 months ago"),
        ("1970-01-01T00:00:00Z", "56 years ago"),
        (None, "N/A"),
        ("yesterday", "N/A"),
    ],
)
def test_ages_are_told_in_dockers_words(moment, words):
    assert image_list.ago(moment, 1_767_225_600.0) == words
