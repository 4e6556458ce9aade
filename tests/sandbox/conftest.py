from pathlib import Path

import pytest


@pytest.fixture
def fake_kernel() -> str:
    return str(Path(__file__).with_name("fake_kernel.py"))


@pytest.fixture
def open_descriptors():
    """The descriptors of this or another process, to compare before and after."""
    return lambda process="self": sorted(entry.name for entry in Path(f"/proc/{process}/fd").iterdir())
