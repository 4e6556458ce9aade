import io
import os
import tarfile

import pytest

from podvisor.images import errors, local
from podvisor.sandbox import spec


@pytest.fixture
def store(tmp_path):
    return local.Store(str(tmp_path / "images"))


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "source"
    (root / "bin").mkdir(parents=True)
    (root / "bin/tool").write_text("#!/bin/sh\n")
    (root / "bin/tool").chmod(0o755)
    os.link(root / "bin/tool", root / "bin/tool2")
    (root / "sh").symlink_to("/bin/tool")
    (root / "private").mkdir(mode=0o500)
    return root


def tree_of(store, name) -> str:
    (layer,) = store.root(name).layers
    assert isinstance(layer, spec.HostLayer)
    return layer.path


def tar(path, *members: tuple[str, dict]) -> str:
    """An archive with these members, each a name and TarInfo's fields; `content` is a file's bytes."""
    with tarfile.open(path, "w:gz") as archive:
        for name, fields in members:
            info = tarfile.TarInfo(name)
            content = fields.pop("content", b"")
            info.size = len(content)
            for field, value in fields.items():
                setattr(info, field, value)
            archive.addfile(info, io.BytesIO(content))
    return str(path)


def nothing_unfinished(tmp_path) -> bool:
    return os.listdir(tmp_path / "images/unfinished") == []


def test_a_directory_becomes_an_image_with_its_links_and_modes(store, source, tmp_path):
    image, contents = store.add("tools:1", str(source), now=7.0)
    root = tree_of(store, "tools:1")
    assert os.stat(f"{root}/bin/tool").st_mode & 0o777 == 0o755
    assert os.path.samefile(f"{root}/bin/tool", f"{root}/bin/tool2")
    assert os.readlink(f"{root}/sh") == "/bin/tool"
    assert contents.owners["private"][2] == 0o500
    assert store.images() == [image]
    assert (image.name, image.imported) == ("docker.io/library/tools:1", 7.0)
    assert nothing_unfinished(tmp_path)


def test_two_names_of_one_content_share_a_tree_until_both_are_removed(store, source, tmp_path):
    store.add("one", str(source), now=0)
    store.add("two", str(source), now=0)
    tree = tree_of(store, "one")
    assert tree == tree_of(store, "two")
    store.remove("one")
    assert os.path.isdir(tree)
    store.remove("two")
    assert os.listdir(tmp_path / "images/trees") == []
    assert nothing_unfinished(tmp_path)


def test_importing_again_replaces_what_the_name_meant(store, source):
    store.add("app", str(source), now=0)
    before = tree_of(store, "app")
    (source / "new").write_text("new")
    store.add("app", str(source), now=1)
    assert os.path.exists(f"{tree_of(store, 'app')}/new")
    assert not os.path.exists(before)


def test_the_owners_of_an_archive_are_recorded(store, tmp_path):
    archive = tar(tmp_path / "a.tar.gz", ("./data/", {"type": tarfile.DIRTYPE, "uid": 70, "gid": 71, "mode": 0o750}))
    _, contents = store.add("db", archive, now=0)
    assert contents.owners == {"data": (70, 71, 0o750)}


def test_whiteouts_stay_and_devices_are_left_out(store, tmp_path):
    archive = tar(
        tmp_path / "a.tar.gz",
        ("etc/.wh.passwd", {}),
        ("dev/null", {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3}),
    )
    _, contents = store.add("layer", archive, now=0)
    root = tree_of(store, "layer")
    assert os.listdir(f"{root}/etc") == [".wh.passwd"]
    assert not os.path.exists(f"{root}/dev")
    assert contents.skipped == 1


@pytest.mark.parametrize(
    "members",
    [
        pytest.param([("../evil", {})], id="parent"),
        pytest.param([("a/../../evil", {})], id="parent in the middle"),
        pytest.param([("a", {"type": tarfile.SYMTYPE, "linkname": "/tmp"}), ("a/evil", {})], id="through a link"),
        pytest.param(
            [("a", {"type": tarfile.SYMTYPE, "linkname": ".."}), ("a/b/evil", {})], id="through a link's child"
        ),
        pytest.param([("a", {"type": tarfile.LNKTYPE, "linkname": "../../secret"})], id="hard link out"),
        pytest.param([("a", {"type": tarfile.LNKTYPE, "linkname": "/etc/passwd"})], id="hard link to a host path"),
        pytest.param(
            [
                ("a", {"type": tarfile.SYMTYPE, "linkname": "/"}),
                ("b", {"type": tarfile.LNKTYPE, "linkname": "a/etc/passwd"}),
            ],
            id="hard link through a link",
        ),
        pytest.param([("a/", {"type": tarfile.DIRTYPE}), ("a", {"content": b"x"})], id="file over directory"),
    ],
)
def test_an_archive_that_leaves_the_image_is_refused_and_leaves_nothing(store, tmp_path, members):
    (tmp_path / "secret").write_text("secret")
    archive = tar(tmp_path / "evil.tar.gz", *members)
    with pytest.raises(errors.Unpackable):
        store.add("evil", archive, now=0)
    assert store.images() == []
    assert os.listdir(tmp_path / "images/trees") == []
    assert nothing_unfinished(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["evil.tar.gz", "images", "secret"]


def test_a_link_named_twice_is_replaced_and_not_followed(store, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    archive = tar(
        tmp_path / "a.tar.gz",
        ("a", {"type": tarfile.SYMTYPE, "linkname": str(victim)}),
        ("a", {"content": b"overwritten"}),
    )
    store.add("twice", archive, now=0)
    assert victim.read_text() == "untouched"


def test_a_truncated_archive_is_refused(store, tmp_path):
    archive = tmp_path / "a.tar.gz"
    tar(archive, ("a", {"content": os.urandom(100_000)}))
    archive.write_bytes(archive.read_bytes()[:50_000])
    with pytest.raises(errors.Unpackable, match="damaged"):
        store.add("broken", str(archive), now=0)
    assert nothing_unfinished(tmp_path)


@pytest.mark.parametrize(("content", "said"), [(None, "No such file"), (b"hello", "neither a directory nor a tar")])
def test_what_is_no_archive_is_named(store, tmp_path, content, said):
    path = tmp_path / "thing"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(errors.Unpackable, match=said):
        store.add("thing", str(path), now=0)


def test_a_missing_image_is_named(store):
    for attempt in (store.root, store.remove):
        with pytest.raises(errors.NotFound, match="no image named nothing:latest"):
            attempt("nothing")


def test_host_cannot_be_imported(store, source):
    with pytest.raises(errors.BadReference, match="always there"):
        store.add("host", str(source), now=0)


def test_what_a_killed_import_left_is_swept_away(store, source, tmp_path):
    left = tmp_path / "images/unfinished/tmpabc/root"
    left.mkdir(parents=True)
    store.add("tools", str(source), now=0)
    assert nothing_unfinished(tmp_path)
