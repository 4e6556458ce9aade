"""A client of an API in memory, under a virtual clock."""

import pytest

from podvisor import sdk
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory import MemoryApi


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def api(clock: VirtualClock) -> MemoryApi:
    return MemoryApi(clock)


@pytest.fixture
def client(api: MemoryApi, clock: VirtualClock) -> sdk.Client:
    return sdk.Client(api, clock=clock)
