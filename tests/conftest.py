"""What every test may count on."""

import signal
from collections.abc import Generator

import pytest


@pytest.fixture(autouse=True, scope="session")
def signals_as_a_terminal_gives_them() -> Generator[None]:
    """A shell starts what runs in the background with SIGINT and SIGQUIT ignored, and so would all that tests start."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT)}
    for number, handler in kept.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)
