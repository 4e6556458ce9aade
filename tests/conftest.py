"""What every test may count on."""

import signal
from collections.abc import Generator

import pytest


@pytest.fixture(autouse=True, scope="session")
def signals_as_a_terminal_gives_them() -> Generator[None]:
    """Below nohup(1) SIGHUP is ignored, in a shell's background SIGINT and SIGQUIT; so would all that tests start."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)}
    for number, handler in kept.items():
        if handler is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)
