"""One registry for all images of this folder; nothing runs unless `make test-images` asks."""

import os
from collections.abc import Callable

import pytest

from harness import registry as registries
from pods.real import debian

Pushed = Callable[[debian.Recipe], str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip all unless they are asked for: they take minutes."""
    if os.environ.get("PODVISOR_TEST_IMAGES"):
        return
    for item in items:
        if "pods/real/" in item.nodeid:
            item.add_marker(pytest.mark.skip(reason="`make test-images` runs it"))


@pytest.fixture(scope="session")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Pushed:
    """A function that has an image at the registry, and says its name."""
    there: dict[str, str] = {}
    with registries.served(tmp_path_factory.mktemp("registry")) as registry:

        def push(recipe: debian.Recipe) -> str:
            if recipe.name not in there:
                there[recipe.name] = registry.push(debian.layout(recipe), f"debian/{recipe.name}")
            return there[recipe.name]

        yield push
