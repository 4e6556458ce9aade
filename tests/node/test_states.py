"""How long a container waits before its next start."""

from datetime import UTC, datetime, timedelta

import pytest

from podvisor.node.errors import NoImage, Unresolvable
from podvisor.node.states import Container, Terminated, Waiting

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def crash(one: Container, ran: timedelta = timedelta()) -> Container:
    """After a start, some time and an end with an error."""
    return one.begun(NOW, "id").over(Terminated(1, "Error", NOW, NOW + ran))


def wait(one: Container) -> float:
    """Seconds between the last end and the next start."""
    assert one.retry is not None
    assert one.ended is not None
    return (one.retry - one.ended.finished).total_seconds()


def test_waits_double_up_to_five_minutes():
    one, waits = Container("main"), list[float]()
    for _ in range(9):
        one = crash(one)
        waits.append(wait(one))
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300, 300]


def test_container_that_ran_for_ten_minutes_begins_anew():
    one = Container("main")
    for _ in range(5):
        one = crash(one)
    assert wait(crash(one, timedelta(minutes=10))) == 0
    assert wait(crash(one, timedelta(minutes=9))) == 160


def test_end_before_the_last_one_is_kept():
    one = crash(Container("main"))
    again = one.begun(NOW, "second")
    assert (again.last, again.restarts, again.ready, again.started) == (one.ended, 1, False, False)


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (Unresolvable("no such key"), [1, 2, 4, 8, 10, 10]),
        (NoImage("nowhere", "not here", never=False), [10, 20, 40, 80, 160, 300]),
    ],
)
def test_start_that_cannot_be_tried_is_tried_again_later_and_later(error: Unresolvable | NoImage, waits: list[float]):
    one, found = Container("main"), list[float]()
    for _ in waits:
        one = one.held(error.reason, str(error), NOW, error.backoff)
        assert one.retry is not None
        found.append((one.retry - NOW).total_seconds())
    assert found == waits
    assert isinstance(one.state, Waiting)
    assert one.runs == 0
