"""Delays between retries."""

from itertools import islice

from podvisor.base.backoff import Backoff


def test_there_is_no_delay_without_a_failure():
    assert Backoff().delay(0) == 0


def test_delays_double_up_to_the_limit():
    assert list(islice(Backoff(first=10, factor=2, limit=300).delays(), 7)) == [10, 20, 40, 80, 160, 300, 300]


def test_a_thousand_failures_still_have_a_delay():
    assert Backoff(limit=300).delay(10_000) == 300


def test_jitter_only_ever_lengthens_and_by_no_more_than_its_share():
    backoff = Backoff(first=1, jitter=0.5)
    delays = [backoff.delay(1) for _ in range(200)]
    assert all(1 <= delay <= 1.5 for delay in delays)
    assert len(set(delays)) > 1
