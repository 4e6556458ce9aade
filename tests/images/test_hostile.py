"""Archives, layouts and layers of somebody who means harm: each is refused in one line, and nothing stays."""

import gzip
import os
import subprocess
import tarfile

import pytest

from images.made import CONFIG, INDEX, LAYER, MANIFEST, Layout, digest, dumps, layer, load, nothing_left, tar
from podvisor.images import errors, local
from podvisor.images.registry import manifest

NAMED = {"io.containerd.image.name": "evil:1"}
HUGE = 100 << 20


@pytest.fixture
def refused(store, tmp_path):
    """A function that imports something, which has to be refused in one line, and gives that line."""

    def check(source, name="", *, kind=errors.ImageError) -> str:
        (tmp_path / "secret").write_text("secret")
        with pytest.raises(kind) as caught:
            load(store, source, name)
        assert "\n" not in str(caught.value)
        assert nothing_left(store, tmp_path)
        assert (tmp_path / "secret").read_text() == "secret"
        return str(caught.value)

    return check


LINK, HARD = {"type": tarfile.SYMTYPE}, {"type": tarfile.LNKTYPE}


@pytest.mark.parametrize(
    ("members", "words"),
    [
        pytest.param([("../evil", {})], "leads outside of the layer", id="parent"),
        pytest.param([("a/../../evil", {})], "leads outside of the layer", id="parent in the middle"),
        pytest.param([("/../evil", {})], "leads outside of the layer", id="absolute parent"),
        pytest.param([("a", HARD | {"linkname": "../../secret"})], "leads outside of the layer", id="hard link out"),
        pytest.param([("a", HARD | {"linkname": "/etc/passwd"})], "which is not there", id="hard link to a host path"),
        pytest.param(
            [("a", LINK | {"linkname": "/"}), ("b", HARD | {"linkname": "a/etc/passwd"})],
            "which is not there",
            id="hard link through a link",
        ),
        pytest.param([(".wh.a/b", {})], "a whiteout in its path", id="below a whiteout"),
        pytest.param([("a/.wh...", {})], "a whiteout of no proper name", id="whiteout of the parent"),
        pytest.param([("a", LINK | {"linkname": "a"}), ("a/b", {})], "symbolic links", id="links in a circle"),
        pytest.param([("a", {"type": tarfile.CHRTYPE, "devmajor": 9999})], "is no device", id="no device"),
    ],
)
def test_a_root_file_system_that_leaves_its_root_is_refused(refused, tmp_path, members, words):
    copies = [(name, dict(fields)) for name, fields in members]
    assert words in refused(tar(tmp_path / "evil.tar", *copies), "evil")


def test_what_points_outside_stays_inside(store, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    archive = tar(
        tmp_path / "a.tar",
        ("a", LINK | {"linkname": str(victim)}),
        ("a", {"content": b"in place of the link"}),
        ("out", LINK | {"linkname": "../../../.."}),
        (f"out{victim}", {"content": b"overwritten"}),
        ("/etc/absolute", {"content": b"below the root"}),
        ("foreign/.wh.name", {}),
        ("dev/sda", {"type": tarfile.BLKTYPE, "devmajor": 8}),
    )
    load(store, archive, "inside")
    assert victim.read_text() == "untouched"
    assert not os.path.exists("/etc/absolute")


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../secret", "link", "circle", "absent", ""])
def test_an_archive_of_images_reads_its_own_members_only(refused, tmp_path, path):
    items = [{"Config": path, "RepoTags": ["evil:1"], "Layers": []}]
    archive = tar(
        tmp_path / "evil.tar",
        ("link", LINK | {"linkname": "/etc/passwd"}),
        ("circle", LINK | {"linkname": "circle"}),
        ("manifest.json", {"content": dumps(items)}),
    )
    assert "is not in it" in refused(archive)


def test_a_layout_with_links_and_pipes_gives_nothing_away(refused, tmp_path):
    made = Layout(tmp_path / "layout")
    blob = made.path / "blobs/sha256" / ("0" * 64)
    path = made.index({"mediaType": MANIFEST, "digest": f"sha256:{'0' * 64}", "size": 6, "annotations": NAMED})
    blob.symlink_to(tmp_path / "secret")
    assert "is something else" in refused(path)
    blob.unlink()
    os.mkfifo(blob)
    assert "is no file" in refused(path)
    (made.path / "index.json").unlink()
    (made.path / "index.json").symlink_to("/dev/zero")
    assert "has no name of its own" in refused(path), "it is no layout then"


@pytest.mark.parametrize("what", ["index", "manifest", "config", "docker"])
def test_a_manifest_of_100_megabytes_is_not_read(refused, tmp_path, what):
    made = Layout(tmp_path / "layout")
    large = {"mediaType": MANIFEST, "digest": f"sha256:{'0' * 64}", "size": HUGE, "annotations": NAMED}
    path = made.index(large)
    os.truncate(path / "index.json", HUGE if what == "index" else os.path.getsize(path / "index.json"))
    if what == "config":
        document = {"mediaType": MANIFEST, "config": {**large, "mediaType": CONFIG}, "layers": []}
        path = made.index(made.blob(dumps(document), MANIFEST, annotations=NAMED))
    elif what == "docker":
        path = tmp_path / "docker.tar"
        info = tarfile.TarInfo("manifest.json")
        info.size = HUGE
        path.write_bytes(info.tobuf())
        os.truncate(path, 512 + HUGE + 1024)
    assert "large" in refused(path)


@pytest.mark.parametrize("text", [b"[" * 1_000_000, b"{}", b"\xff", b'{"manifests": 3}', b'[{"Config": 1}]', b""])
def test_a_damaged_index_is_one_line(refused, tmp_path, text):
    made = Layout(tmp_path / "layout")
    (made.path / "index.json").write_bytes(text)
    assert "index.json is damaged" in refused(made.path)
    assert "manifest.json is damaged" in refused(tar(tmp_path / "docker.tar", ("manifest.json", {"content": text})))


@pytest.mark.parametrize("which", ["manifest", "config", "layer"])
@pytest.mark.parametrize("change", [lambda data: data + b" ", lambda data: data[:-1], lambda data: data[:-1] + b"\1"])
def test_content_that_is_not_its_digests_is_refused(refused, tmp_path, which, change):
    made = Layout(tmp_path / "layout")
    described = made.image(layer(x="text"), annotations=NAMED)
    blobs = made.path / "blobs/sha256"
    document = (blobs / str(described["digest"]).removeprefix("sha256:")).read_bytes()
    found = manifest.parse(document)
    wanted = {"manifest": str(described["digest"]), "config": found.config.digest, "layer": found.layers[0].digest}
    blob = blobs / wanted[which].removeprefix("sha256:")
    blob.write_bytes(change(blob.read_bytes()))
    assert wanted[which] in refused(made.index(described))


def test_a_layer_that_unpacks_to_another_is_refused(refused, tmp_path):
    made = Layout(tmp_path / "layout")
    described = made.image(layer(x="announced"), annotations=NAMED)
    blobs = made.path / "blobs/sha256"
    document = (blobs / str(described["digest"]).removeprefix("sha256:")).read_bytes()
    other = made.blob(layer(x="another"), LAYER)
    lying = document.replace(digest(layer(x="announced")).encode(), str(other["digest"]).encode())
    path = made.index(made.blob(lying, MANIFEST, annotations=NAMED))
    assert "unpacks to" in refused(path)


def test_an_index_that_names_itself_and_one_of_many_floors_are_refused(refused, tmp_path):
    made = Layout(tmp_path / "layout")
    own = f"sha256:{'1' * 64}"
    loop = dumps(
        {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{"mediaType": INDEX, "digest": own, "size": 99}]}
    )
    (made.path / "blobs/sha256" / ("1" * 64)).write_bytes(loop)
    path = made.index({"mediaType": INDEX, "digest": own, "size": len(loop), "annotations": NAMED})
    assert "is something else" in refused(path), "no index has the digest that it names"
    inner = made.image(layer(x="x"))
    for _ in range(5):
        inner = made.blob(dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [inner]}), INDEX)
    assert "more than 2 indexes lead to it" in refused(made.index({**inner, "annotations": NAMED}))


@pytest.mark.parametrize("name", ["evil:1\n", "../evil", "EVIL", "evil@sha256:12", "a" * 300 + "/" + "B"])
def test_names_that_are_none_are_refused(refused, tmp_path, name):
    made = Layout(tmp_path / "layout")
    path = made.index(made.image(layer(x="x"), annotations={"io.containerd.image.name": name}))
    assert "is no image name" in refused(path)
    items = [{"Config": "c", "RepoTags": [name], "Layers": []}]
    archive = tar(tmp_path / "docker.tar", ("manifest.json", {"content": dumps(items)}))
    assert "is no image name" in refused(archive)


def test_an_image_for_another_system_is_refused(refused, tmp_path):
    config = dumps({"os": "windows", "rootfs": {"diff_ids": []}})
    items = [{"Config": "c", "RepoTags": ["evil:1"], "Layers": []}]
    archive = tar(tmp_path / "docker.tar", ("c", {"content": config}), ("manifest.json", {"content": dumps(items)}))
    assert "it is for windows" in refused(archive)


@pytest.mark.skipif("PODVISOR_LONG" not in os.environ, reason="takes long: make test-images")
def test_names_beyond_an_images_are_a_root_file_system(store, tmp_path):
    names = [(f"{number:05}", {}) for number in range(66_000)]
    archive = tar(tmp_path / "many.tar", *names, ("manifest.json", {"content": b"[]"}))
    assert load(store, archive, "many")[0].is_local


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
@pytest.mark.parametrize("form", ["bomb", "archive", "layout"])
def test_a_disk_that_fills_up_in_the_middle_is_told_and_has_room_again(tmp_path, form):
    disk = tmp_path / "disk"
    disk.mkdir()
    zeros = layer(zeros="\0" * (32 << 20))
    source = tmp_path / "source"
    if form == "layout":
        made = Layout(source)
        made.index(made.image(zeros, annotations=NAMED))
    else:
        source.write_bytes(gzip.compress(zeros, 1) if form == "bomb" else zeros)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        store = local.Store(str(disk / "images"))
        with pytest.raises(errors.NoRoom, match="No space left on device"):
            load(store, source, "" if form == "layout" else "large")
        assert nothing_left(store, disk)
        store.prune()
        load(store, tar(tmp_path / "small.tar", ("file", {"content": b"text"})), "small")
    finally:
        subprocess.run(["umount", disk], check=True)
