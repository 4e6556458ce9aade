"""Images that were imported: no registry is asked for them, whatever the policy."""

import asyncio

import pytest

from images.made import dumps, layer, load
from podvisor.base.clock import SystemClock
from podvisor.images.registry import credentials
from podvisor.node.errors import NoImage
from podvisor.node.images import Images


@pytest.fixture
def images(tmp_path):
    return Images(tmp_path / "images", tmp_path / "registries.yaml", SystemClock())


@pytest.mark.parametrize("policy", ["Always", "IfNotPresent", "Never"])
async def test_an_imported_image_is_present_whatever_the_policy(images, tmp_path, policy):
    (tmp_path / "root.tar").write_bytes(layer(file="text"))
    (imported,) = await asyncio.to_thread(load, images.store, tmp_path / "root.tar", "mine:latest")
    told = []
    found = await images.have("mine", policy, credentials.Auths({}), lambda *words: told.append(words))
    assert told == [("Pulled", 'Container image "mine" already present on machine')]
    assert found.image_id == f"docker.io/library/mine@{imported.digest}"
    assert found.root == images.store.root("mine")


async def test_what_an_earlier_version_imported_tells_the_pod_how_it_becomes_an_image(images, tmp_path):
    names = tmp_path / "images/names"
    names.mkdir(parents=True)
    name = {"name": "docker.io/library/old:1", "digest": f"sha256:{'a' * 64}", "size_bytes": 4, "imported": 1.0}
    (names / "docker.io%2Flibrary%2Fold%3A1.json").write_bytes(dumps(name))
    with pytest.raises(NoImage) as caught:
        await images.have("old:1", "IfNotPresent", credentials.Auths({}), lambda *_: None)
    assert "podvisor image import old:1" in str(caught.value)
