"""Black-box tests of `podvisor run`: they know the command, and nothing of how it works."""

import pytest

from harness import Native, Sandboxed


@pytest.fixture(scope="session")
def native() -> Native:
    return Native()


@pytest.fixture(scope="session")
def sandboxed() -> Sandboxed:
    return Sandboxed()
