"""A screen under a virtual clock, without a terminal."""

import pytest

from podvisor.testing.clock import VirtualClock
from podvisor.tour.screen import Screen


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def screen(clock: VirtualClock) -> Screen:
    return Screen(clock, terminal=False)
