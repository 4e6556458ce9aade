"""Files and directories that become images, and what of them is kept."""

import bz2
import contextlib
import io
import lzma
import os
import socket
import subprocess
import tarfile

import pytest

from harness import registry as registries
from images.made import INDEX, Layout, digest, dumps, layer, load, save, tar
from podvisor.images import assembling, errors


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "source"
    (root / "bin").mkdir(parents=True)
    (root / "bin/tool").write_text("#!/bin/sh\n")
    (root / "bin/tool").chmod(0o4755)
    os.link(root / "bin/tool", root / "bin/tool2")
    (root / "sh").symlink_to("/bin/tool")
    (root / "private").mkdir(mode=0o500)
    os.mkfifo(root / "fifo")
    (root / "new\nline").write_text("")
    (root / os.fsdecode(b"\xff")).write_text("")
    with (root / "sparse").open("wb") as file:
        file.seek(64 << 20)
        file.write(b"end")
    with contextlib.suppress(OSError):
        os.setxattr(root / "bin/tool", "user.note", b"\xff\0=")
    return root


def archive_of(store, name) -> tarfile.TarFile:
    """The archive of an image's only layer."""
    with tarfile.open(fileobj=io.BytesIO(save(store, name))) as saved:
        (member,) = [one for one in saved if one.name.endswith(".tar")]
        data = saved.extractfile(member).read()
    return tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape")


def test_a_directory_becomes_an_image_that_has_all_of_it(store, source):
    (image,) = load(store, source, "tools:1", now=7.0)
    assert (image.name, image.imported, image.is_local) == ("docker.io/library/tools:1", 7.0, True)
    found = {one.name: one for one in archive_of(store, "tools:1")}
    assert sorted(found) == sorted(
        [".", "bin", "bin/tool", "bin/tool2", "sh", "private", "fifo", "new\nline", os.fsdecode(b"\xff"), "sparse"]
    )
    tool = found["bin/tool"]
    status = os.stat(source / "bin/tool")
    assert (tool.mode, tool.uid, tool.gid) == (0o4755, status.st_uid, status.st_gid)
    assert tool.mtime == pytest.approx(status.st_mtime)
    assert (found["bin/tool2"].type, found["bin/tool2"].linkname) == (tarfile.LNKTYPE, "bin/tool")
    assert (found["sh"].linkname, found["private"].mode, found["fifo"].type) == ("/bin/tool", 0o500, tarfile.FIFOTYPE)
    assert (found["sparse"].size, image.size_bytes < 1 << 20) == ((64 << 20) + 3, True)
    if os.listxattr(source / "bin/tool"):
        assert os.fsencode(tool.pax_headers["SCHILY.xattr.user.note"]) == b"\xff\0="


def test_a_socket_is_left_out(store, source):
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(source / "socket"))
    load(store, source, "tools")
    assert "socket" not in archive_of(store, "tools").getnames()


def test_the_same_files_are_the_same_image(store, source):
    (first,) = load(store, source, "one")
    (second,) = load(store, source, "two", now=1)
    assert (first.digest, first.config) == (second.digest, second.config)
    assert [image.name for image in store.images()] == ["docker.io/library/one:latest", "docker.io/library/two:latest"]


def test_importing_again_replaces_what_the_name_meant(store, source):
    (before,) = load(store, source, "app")
    (source / "new").write_text("new")
    (after,) = load(store, source, "app")
    assert before.digest != after.digest
    assert store.images() == [after]
    assert store.prune() > 0
    assert "new" in archive_of(store, "app").getnames()


def test_an_archive_keeps_owners_modes_attributes_and_devices_whoever_imports_it(store, tmp_path):
    archive = tar(
        tmp_path / "a.tar",
        ("data", {"type": tarfile.DIRTYPE, "uid": 70, "gid": 3_000_000, "mode": 0o2750}),
        ("data/file", {"content": b"x", "mtime": 12.5, "pax_headers": {"SCHILY.xattr.security.capability": "\x01"}}),
        ("null", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 300, "mode": 0o666}),
    )
    load(store, archive, "db")
    (whole,) = store.root("db").layers
    registries.need("dump.erofs")
    seen = {
        path: subprocess.run(
            ["dump.erofs", *(f"--device={one}" for one in whole.data), f"--path={path}", whole.metadata],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for path in ("/data", "/null")
    }
    assert "Uid: 70   Gid: 3000000" in seen["/data"]
    found = {one.name: one for one in archive_of(store, "db")}
    assert found["data"].mode == 0o2750
    assert (found["null"].devmajor, found["null"].devminor) == (1, 300)
    assert found["data/file"].pax_headers["SCHILY.xattr.security.capability"] == "\x01"


@pytest.mark.parametrize("compress", [lambda data: data, bz2.compress, lzma.compress], ids=["plain", "bzip2", "xz"])
def test_archives_compressed_in_every_way_give_the_same_image(store, tmp_path, compress):
    data = layer(**{f"file{number}": "text" * 9000 for number in range(20)})
    (tmp_path / "plain.tar").write_bytes(data)
    (plain,) = load(store, tmp_path / "plain.tar", "plain")
    (tmp_path / "packed").write_bytes(compress(data[:9000]) + compress(data[9000:]))
    (packed,) = load(store, tmp_path / "packed", "packed")
    assert packed.digest == plain.digest
    for tool in ("gzip", "zstd"):
        with contextlib.suppress(FileNotFoundError):
            subprocess.run([tool, "-qkf", str(tmp_path / "plain.tar")], check=True)
            suffix = "gz" if tool == "gzip" else "zst"
            assert load(store, tmp_path / f"plain.tar.{suffix}", tool)[0].digest == plain.digest


def test_what_comes_through_a_pipe_is_imported(store):
    out, into = os.pipe()
    try:
        os.write(into, layer(file="text"))
        os.close(into)
        load(store, out, "piped")
    finally:
        os.close(out)
    assert archive_of(store, "piped").getnames() == ["file"]


def test_an_image_of_mkfs_erofs_is_imported_and_a_compressed_one_refused_by_name(store, source, tmp_path):
    registries.need("mkfs.erofs")
    plain, packed = tmp_path / "plain.erofs", tmp_path / "packed.erofs"
    subprocess.run(["mkfs.erofs", plain, source], check=True, capture_output=True)
    load(store, plain, "foreign")
    load(store, source, "own")
    foreign, own = archive_of(store, "foreign"), archive_of(store, "own")
    told = [{one.name: (one.mode, one.uid, one.size, one.type) for one in archive} for archive in (foreign, own)]
    assert told[0].keys() == told[1].keys()
    assert {name: one for name, one in told[0].items() if not name.startswith("bin/")} == {
        name: one for name, one in told[1].items() if not name.startswith("bin/")
    }
    (source / "large").write_text("text" * 100_000)
    subprocess.run(["mkfs.erofs", "-zlz4", packed, source], check=True, capture_output=True)
    with pytest.raises(errors.Unacceptable, match="compressed data, which is not supported"):
        load(store, packed, "packed")


def test_layers_satisfy_fsck_with_what_they_say_of_their_archives(store, source):
    registries.need("fsck.erofs")
    load(store, source, "tools")
    (whole,) = store.root("tools").layers
    for path, devices in ((whole.data[0], ()), (whole.metadata, whole.data)):
        subprocess.run(["fsck.erofs", *(f"--device={one}" for one in devices), path], check=True, capture_output=True)


def test_layouts_and_archives_of_several_images_keep_their_names(store, tmp_path):
    made = Layout(tmp_path / "layout")
    first = made.image(layer(one="1"), annotations={"io.containerd.image.name": "docker.io/team/one:1"})
    second = made.image(layer(one="1"), layer(two="2"), annotations={"org.opencontainers.image.ref.name": "two:2"})
    loaded = load(store, made.index(first, second))
    assert [image.name for image in loaded] == ["docker.io/team/one:1", "docker.io/library/two:2"]
    assert [image.digest for image in loaded] == [first["digest"], second["digest"]]
    packed = tmp_path / "layout.tar"
    subprocess.run(["tar", "-cf", packed, "-C", made.path, "."], check=True)
    assert [image.digest for image in load(store, packed)] == [first["digest"], second["digest"]]
    with pytest.raises(errors.BadReference, match=r"has not one image, but: team/one:1, two:2"):
        load(store, packed, "other:x")


def test_an_archive_behind_a_frame_that_is_skipped_is_an_archive_of_images(store, tmp_path):
    made = Layout(tmp_path / "layout")
    path = made.index(made.image(layer(x="x"), annotations={"io.containerd.image.name": "skipped:1"}))
    plain = subprocess.run(["tar", "-c", "-C", path, "."], check=True, capture_output=True).stdout
    registries.need("zstd")
    packed = subprocess.run(["zstd", "-q"], input=plain, check=True, capture_output=True).stdout
    (tmp_path / "packed").write_bytes(b"\x50\x2a\x4d\x18\4\0\0\0skip" + packed)
    assert load(store, tmp_path / "packed")[0].name == "docker.io/library/skipped:1"


def test_one_image_with_two_names_can_be_given_a_third(store, tmp_path):
    config = dumps({"os": "linux", "rootfs": {"diff_ids": []}})
    items = [{"Config": "c", "RepoTags": ["one:1", "two:2"], "Layers": []}]
    archive = tar(tmp_path / "docker.tar", ("c", {"content": config}), ("manifest.json", {"content": dumps(items)}))
    assert load(store, archive, "three:3")[0].config == digest(config)
    assert [image.name for image in load(store, archive)] == ["docker.io/library/one:1", "docker.io/library/two:2"]


def test_a_tag_alone_is_no_name_but_says_which_is_meant(store, tmp_path):
    made = Layout(tmp_path / "layout")
    tags = [made.image(layer(x=tag), annotations={"org.opencontainers.image.ref.name": tag}) for tag in ("a", "b")]
    path = made.index(*tags)
    with pytest.raises(errors.BadReference, match="has an image 'a'; say how it is to be called"):
        load(store, path)
    assert load(store, path, "mine:b")[0].digest == tags[1]["digest"]


def test_the_image_for_this_platform_is_taken(store, tmp_path):
    made = Layout(tmp_path / "layout")
    foreign = made.image(layer(x="foreign"), platform={"os": "linux", "architecture": "s390x"})
    own = made.image(layer(x="own"), platform={"os": "linux", "architecture": assembling.here().architecture})
    index = made.blob(dumps({"schemaVersion": 2, "manifests": [foreign, own]}), INDEX)
    (image,) = load(store, made.index(index), "app")
    assert (image.digest, image.manifest) == (index["digest"], own["digest"])


def test_what_skopeo_and_umoci_make_is_imported_as_they_describe_it(store, tmp_path):
    made = registries.layout(tmp_path, registries.busybox_tree(tmp_path / "tree"), "--config.cmd=/bin/sh")
    (image,) = load(store, made, "app:x")
    packed = tmp_path / "docker.tar"
    registries.skopeo("copy", f"oci:{made}:x", f"docker-archive:{packed}:team/app:1")
    (again,) = load(store, packed)
    assert (again.name, again.config) == ("docker.io/team/app:1", image.config)
    assert store.config("team/app:1").execution.command == ("/bin/sh",)


def test_a_layer_that_an_archive_links_to_is_found_among_its_members(store, tmp_path):
    data = layer(x="text")
    config = dumps({"os": "linux", "rootfs": {"diff_ids": [digest(data)] * 2}})
    items = [{"Config": "c.json", "RepoTags": ["linked:1"], "Layers": ["a/layer.tar", "b/layer.tar"]}]
    archive = tar(
        tmp_path / "docker.tar",
        ("a/layer.tar", {"content": data}),
        ("b/layer.tar", {"type": tarfile.SYMTYPE, "linkname": "../a/layer.tar"}),
        ("c.json", {"content": config}),
        ("manifest.json", {"content": dumps(items)}),
    )
    assert load(store, archive)[0].name == "docker.io/library/linked:1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"hello\n" * 100, "not a tar archive"),
        (b"BZh9broken", "compression is broken"),
        (b"", "name"),
    ],
)
def test_what_is_no_archive_is_named(store, tmp_path, content, said):
    path = tmp_path / "thing"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.ImageError, match=said) as caught:
        load(store, path, "" if said == "name" else "thing")
    assert str(path) in str(caught.value)


def test_a_missing_image_is_named(store):
    for attempt in (store.root, store.remove, store.config):
        with pytest.raises(errors.NotFound, match="no image named nothing:latest"):
            attempt("nothing")


def test_host_cannot_be_imported(store, source):
    with pytest.raises(errors.BadReference, match="always there"):
        load(store, source, "host")


def test_what_an_earlier_version_imported_says_how_it_becomes_an_image(store, tmp_path):
    tree = tmp_path / f"images/trees/{'a' * 64}/root"
    tree.mkdir(parents=True)
    (tree / "file").write_text("kept")
    (tmp_path / "images/names").mkdir()
    name = {"name": "docker.io/library/old:1", "digest": f"sha256:{'a' * 64}", "size_bytes": 4, "imported": 1.0}
    (tmp_path / "images/names/docker.io%2Flibrary%2Fold%3A1.json").write_bytes(dumps(name))
    assert [image.name for image in store.images()] == ["docker.io/library/old:1"]
    with pytest.raises(errors.NotFound) as caught:
        store.root("old:1")
    assert f"podvisor image import old:1 {tree}" in str(caught.value)
    load(store, tree, "old:1")
    assert "file" in archive_of(store, "old:1").getnames()
    assert os.listdir(tmp_path / "images/trees") == []


def test_what_a_killed_import_left_is_swept_away(store, source, tmp_path):
    left = tmp_path / "images/unfinished/tmpabc/root"
    left.mkdir(parents=True)
    load(store, source, "tools")
    assert os.listdir(tmp_path / "images/unfinished") == []
