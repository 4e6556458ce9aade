"""Clients in Python against one control plane, whose node makes up what pods say."""

import gc
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from kubectl import cluster

_numbers = itertools.count()
CARELESS = pytest.mark.filterwarnings("ignore::ResourceWarning")
"""These clients leave closing their sockets to the garbage collector, which is not ours to mend."""
POD = {"containers": [{"name": "main", "image": "busybox"}]}


@pytest.fixture(scope="package")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with cluster.running(tmp_path_factory.mktemp("cluster"), reachable=True) as path:
        yield path
    _sweep()


@pytest.fixture(autouse=True)
def swept() -> Iterator[None]:
    """Collect what a test left, before it is the next test's."""
    yield
    _sweep()


def _sweep() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def name() -> str:
    """A name that no other test has."""
    return f"test-{next(_numbers)}"
