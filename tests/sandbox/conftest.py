from pathlib import Path

import pytest


@pytest.fixture
def fake_kernel() -> str:
    return str(Path(__file__).with_name("fake_kernel.py"))


@pytest.fixture
def open_descriptors():
    """The descriptors of this process, to compare before and after."""
    return lambda: sorted(entry.name for entry in Path("/proc/self/fd").iterdir())
