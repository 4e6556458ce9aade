"""Images as archives that others take, and that are the same images when they come back."""

import json
import os
import tarfile
from pathlib import Path

import pytest

from harness import registry as registries
from images.made import digest, load, save, tar
from podvisor.images import errors, local


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    """An image of two layers, one of which hides a file of the other, made by others' tools."""
    work = tmp_path_factory.mktemp("image")
    made = registries.layout(work, registries.busybox_tree(work / "tree"), "--config.cmd=/bin/sh")
    registries.umoci("insert", "--image", f"{made}:x", "--whiteout", "/srv")
    return made


def elsewhere(tmp_path) -> local.Store:
    return local.Store(str(tmp_path / "elsewhere/images"))


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_an_image_survives_a_round_trip_with_its_id(store, layout, tmp_path, form):
    (image,) = load(store, layout, "team/app:1.4")
    saved = tmp_path / "saved.tar"
    saved.write_bytes(save(store, "team/app:1.4", form=form))
    other = elsewhere(tmp_path)
    (again,) = load(other, saved)
    assert (again.name, again.config) == (image.name, image.config)
    assert other.config("team/app:1.4") == store.config("team/app:1.4")
    assert save(other, "team/app:1.4", form=form) == saved.read_bytes()
    for one, two in zip(store.root(image.name).layers, other.root(image.name).layers, strict=True):
        assert Path(one.metadata).read_bytes() == Path(two.metadata).read_bytes()


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_skopeo_takes_what_is_saved_and_sees_the_same_layers(store, layout, tmp_path, form):
    (image,) = load(store, layout, "team/app:1.4")
    saved, copied = tmp_path / "saved.tar", tmp_path / "copied"
    saved.write_bytes(save(store, "team/app:1.4", form=form))
    registries.skopeo("copy", f"{form}:{saved}", f"oci:{copied}:x")
    config = json.loads(registries.skopeo("inspect", "--config", "--raw", f"oci:{copied}:x"))
    assert config["rootfs"]["diff_ids"] == list(store.config(image.name).rootfs.diff_ids)
    assert config["config"]["Cmd"] == ["/bin/sh"]
    raw = registries.skopeo("inspect", "--config", "--raw", f"{form}:{saved}")
    assert digest(raw.encode()) == image.config
    (back,) = load(elsewhere(tmp_path), copied, "back:x")
    assert back.config == image.config or form == "docker-archive"


@pytest.mark.parametrize("form", ["docker-archive", "oci-archive"])
def test_several_references_share_an_archive_and_what_they_have_in_common(store, layout, tmp_path, form):
    load(store, layout, "team/app:1.4")
    store.rename("team/app:1.4", "localhost:5000/other:2")
    load(store, tar(tmp_path / "root.tar", ("file", {"content": b"text"})), "small")
    data = save(store, "small", "team/app:1.4", "localhost:5000/other:2", form=form)
    assert data == save(store, "localhost:5000/other:2", "small", "team/app:1.4", "small", form=form)
    saved = tmp_path / "saved.tar"
    saved.write_bytes(data)
    with tarfile.open(saved) as archive:
        assert len(archive.getnames()) == len(set(archive.getnames()))
    other = elsewhere(tmp_path)
    load(other, saved)
    assert {(one.name, one.config) for one in other.images()} == {(one.name, one.config) for one in store.images()}
    names = ("small:latest", "docker.io/library/small:latest")
    registries.skopeo("inspect", f"{form}:{saved}:{names[form == 'oci-archive']}")


def test_a_layer_that_was_damaged_on_the_disk_is_not_saved_as_if_it_were_whole(store, tmp_path):
    load(store, tar(tmp_path / "root.tar", ("file", {"content": os.urandom(100_000)})), "app")
    (whole,) = store.root("app").layers
    with open(whole.data[0], "r+b") as file:
        file.seek(0x40_1000 + 50_000)
        file.write(b"damaged")
    with pytest.raises(errors.Unacceptable, match="is damaged"):
        save(store, "app")
    with open(whole.data[0], "r+b") as file:
        file.truncate(os.path.getsize(whole.data[0]) - 4096)
    with pytest.raises(errors.Unpackable, match="app:latest: it was unpacked by an earlier version"):
        save(store, "app")


def test_what_is_not_there_cannot_be_saved(store, tmp_path):
    with pytest.raises(errors.NotFound, match="no image named absent:latest"):
        save(store, "absent")
    with pytest.raises(errors.BadReference, match="always there"):
        save(store, "host")


def test_a_name_with_a_digest_is_no_tag_of_an_archive(store, tmp_path):
    load(store, tar(tmp_path / "root.tar", ("file", {"content": b"text"})), "app")
    store.rename("app", f"app@sha256:{'1' * 64}")
    saved = tmp_path / "saved.tar"
    saved.write_bytes(save(store, f"app@sha256:{'1' * 64}"))
    registries.skopeo("inspect", f"docker-archive:{saved}")
    assert load(elsewhere(tmp_path), saved, "again")[0].config == store.find("app").config
