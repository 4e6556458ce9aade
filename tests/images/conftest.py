import pytest

from podvisor.images import local


@pytest.fixture
def store(tmp_path):
    return local.Store(str(tmp_path / "images"))
