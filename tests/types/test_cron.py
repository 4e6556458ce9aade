"""Schedules come due when Kubernetes says so."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from podvisor.types import cron


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "moment", "following"),
    [
        ("* * * * *", "2026-01-01T00:00:00", "2026-01-01T00:01:00"),
        ("*/15 * * * *", "2026-01-01T00:44:59", "2026-01-01T00:45:00"),
        ("5/20 * * * *", "2026-01-01T00:26:00", "2026-01-01T00:45:00"),
        ("0 9-17/4 * * mon-fri", "2026-01-02T17:00:00", "2026-01-05T09:00:00"),
        ("0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
        ("0 0 1,15 * SUN", "2026-01-02T00:00:00", "2026-01-04T00:00:00"),
        ("0 0 13 * ?", "2026-01-14T00:00:00", "2026-02-13T00:00:00"),
        ("0 0 */2 * SUN", "2026-01-02T00:00:00", "2026-01-03T00:00:00"),
        ("@weekly", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
        ("@yearly", "2026-01-01T00:00:00", "2027-01-01T00:00:00"),
        ("@every 1h30m10s", "2026-01-01T00:00:00", "2026-01-01T01:30:10"),
    ],
)
def test_the_next_time(schedule, moment, following):
    assert cron.parse(schedule).after(at(moment)) == at(following)


def test_a_day_that_never_comes_is_not_waited_for():
    assert cron.parse("0 0 30 2 *").after(at("2026-01-01T00:00:00")) is None


def test_clocks_put_forward_leave_times_out_and_put_back_repeat_them():
    berlin = ZoneInfo("Europe/Berlin")
    daily = cron.parse("30 2 * * *")
    assert daily.after(at("2026-03-28T12:00:00"), berlin) == at("2026-03-30T00:30:00")
    first = daily.after(at("2026-10-24T12:00:00"), berlin)
    assert first == at("2026-10-25T00:30:00")
    assert daily.after(first, berlin) == first + timedelta(hours=1)


def test_a_midnight_that_does_not_exist_is_passed_over():
    assert cron.parse("30 0 * * *").after(at("2024-03-30T12:00:00"), ZoneInfo("Africa/Cairo")) == at(
        "2024-03-30T22:30:00"
    )
    skipped = cron.parse("0 1 * * *").after(at("2018-11-03T12:00:00"), ZoneInfo("America/Sao_Paulo"))
    assert skipped == at("2018-11-04T03:00:00")
