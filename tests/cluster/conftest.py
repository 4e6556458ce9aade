"""What tests of whole clusters share."""

from collections.abc import Generator
from pathlib import Path

import pytest

from harness.cluster import command


@pytest.fixture
def data(tmp_path: Path) -> Generator[Path]:
    """A data directory on which nothing runs afterwards."""
    yield tmp_path / "data"
    command("down", "--data-dir", tmp_path / "data")
