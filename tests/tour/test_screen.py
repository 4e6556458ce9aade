"""How the tour is told."""

import io
import re

import pytest

from podvisor import sdk
from podvisor.testing.clock import VirtualClock
from podvisor.tour.screen import Screen, Wrong


async def test_a_step_is_one_line_with_its_time_and_what_came_of_it(
    screen: Screen, clock: VirtualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with screen.step("boil water") as step:
        await clock.advance(1.5)
        step.said = "it boils\nand steams\n"
    assert re.fullmatch(r"  ok   boil water +1\.50 s  it boils, and steams\n", capsys.readouterr().out)
    assert (screen.steps, screen.failures) == (1, 0)


@pytest.mark.parametrize(
    "failure",
    [
        Wrong("it froze"),
        sdk.errors.ApiError(sdk.errors.Status(message="it froze")),
        sdk.errors.Unreachable("it froze"),
        OSError("it froze"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_failure_ends_the_step_and_not_the_tour(
    screen: Screen, failure: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    async with screen.step("boil water"):
        raise failure
    assert re.fullmatch(r"  FAIL boil water +0\.00 s  it froze\n", capsys.readouterr().out)
    assert screen.failures == 1


async def test_a_step_that_waits_too_long_says_how_far_it_came(
    screen: Screen, capsys: pytest.CaptureFixture[str]
) -> None:
    async with screen.step("boil water") as step:
        step.note = "40 degrees"
        raise TimeoutError
    assert "40 degrees" in capsys.readouterr().out


async def test_a_bug_is_not_taken_for_a_failed_step(screen: Screen) -> None:
    with pytest.raises(KeyError):
        async with screen.step("boil water"):
            raise KeyError("kettle")


async def test_a_terminal_sees_what_a_step_waits_for(clock: VirtualClock, capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(clock, terminal=True)
    async with screen.step("boil water") as step:
        step.note = "40 degrees"
        await clock.advance(1)
    told = capsys.readouterr().out
    assert "40 degrees" in told
    assert re.search(r"\r\x1b\[K  .*ok.*boil water.*\n$", told)


@pytest.mark.parametrize("terminal", [False, True])
async def test_what_the_terminal_cannot_show_is_replaced(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    old_terminal = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr("sys.stdout", old_terminal)
    async with Screen(clock, terminal=terminal).step("boil water") as step:
        await clock.advance(1)
        step.said = "100 °C"
    old_terminal.seek(0)
    assert "100 ?C" in old_terminal.read()
