"""The examples as files: real Kubernetes would take them, each is shipped, and each is tried."""

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from examples.conftest import manifests
from podvisor.tour.stage import EXAMPLES


@pytest.mark.parametrize("manifest", manifests(), ids=lambda path: path.stem)
def test_follows_kubernetes_own_schema(manifest: Path) -> None:
    for thing in yaml.safe_load_all(manifest.read_text()):
        kubernetes_validate.validate(thing, "1.33", strict=True)


@pytest.mark.parametrize("manifest", manifests(), ids=lambda path: path.stem)
def test_says_at_its_top_what_it_shows_and_how_to_try_it(manifest: Path) -> None:
    head = manifest.read_text().partition("apiVersion")[0]
    assert all(line.startswith("#") for line in head.splitlines())
    assert f"kubectl apply -f {manifest.name}" in head


def test_all_are_part_of_the_package() -> None:
    shipped = {path.name: path.read_text() for path in EXAMPLES.glob("*.yaml")}
    assert shipped == {path.name: path.read_text() for path in manifests()}


def test_all_are_tried() -> None:
    tests = Path(__file__).with_name("test_examples.py").read_text()
    assert set(re.findall(r'\.apply\("(\w+)"\)', tests)) == {path.stem for path in manifests()}
