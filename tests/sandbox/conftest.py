from collections.abc import Callable
from pathlib import Path

import pytest

from podvisor.sandbox import silence


@pytest.fixture
def fake_kernel() -> str:
    return str(Path(__file__).with_name("fake_kernel.py"))


@pytest.fixture
def open_descriptors():
    """The descriptors of this or another process, to compare before and after."""
    return lambda process="self": sorted(entry.name for entry in Path(f"/proc/{process}/fd").iterdir())


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called once a kernel has begun: from then on one is given up after a moment."""
    return lambda: monkeypatch.setattr(silence, "STEP", 0.1)
