"""Root file systems of one's own: imported, listed, run, removed."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from harness import Outcome, Sandboxed
from harness.runners import podvisor, run

BUSYBOX = shutil.which("busybox")


@pytest.fixture
def image(tmp_path, monkeypatch):
    """A function that runs `podvisor image …` with a data directory of this test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def call(*arguments: str) -> Outcome:
        import os

        return run([podvisor(), "image", *arguments], "", dict(os.environ), None)

    return call


@pytest.fixture
def tree(tmp_path) -> Path:
    if BUSYBOX is None:
        pytest.skip("busybox is not installed")
    root = tmp_path / "tree"
    (root / "bin").mkdir(parents=True)
    (root / "etc").mkdir()
    shutil.copy(BUSYBOX, root / "bin/busybox")
    for name in ("sh", "cat", "ls", "id", "touch"):
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\napp:x:70:71::/home/app:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\napps:x:71:\n")
    (root / "marker").write_text("this image\n")
    return root


@pytest.mark.parametrize("form", ["directory", "tar"])
def test_an_imported_tree_runs(image, tree: Path, tmp_path: Path, sandboxed: Sandboxed, form: str):
    source = tree
    if form == "tar":
        source = tmp_path / "tree.tar.gz"
        subprocess.run(["tar", "czf", source, "-C", tree, "."], check=True)
    assert image("import", "mine:1", str(source)).code == 0
    assert sandboxed.run("--image", "mine:1", "--", "cat", "/marker").stdout == "this image\n"
    assert sandboxed.shell("ls /", "--image", "mine:1").stdout.split() == sorted(
        ["bin", "dev", "etc", "marker", "proc", "sys", "tmp"]
    )
    assert sandboxed.run("--image", "mine:1", "--user", "app", "--", "id").stdout.startswith("uid=70(app) gid=71(apps)")


def test_an_image_is_read_only_below_and_the_same_next_time(image, tree: Path, sandboxed: Sandboxed):
    image("import", "mine", str(tree))
    sandboxed.shell("echo changed >/marker; touch /made", "--image", "mine")
    assert sandboxed.shell("cat /marker; ls /made", "--image", "mine").stdout == "this image\n"


def test_images_are_listed_and_removed(image, tree: Path):
    image("import", "team/app:2", str(tree))
    rows = image("ls").stdout.splitlines()
    assert [row.split()[0] for row in rows] == ["REPOSITORY", "host", "team/app"]
    (described,) = json.loads(image("ls", "-o", "json").stdout)
    assert (described["name"], described["local"]) == ("docker.io/team/app:2", True)
    assert described["imageID"].removeprefix("sha256:")[:12] in rows[2].split()
    assert image("ls", "--no-trunc", "-q").stdout == f"{described['imageID']}\n"
    assert image("rm", "team/app:2").stdout == "Untagged: team/app:2\n"
    assert len(image("ls").stdout.splitlines()) == 2
    again = image("rm", "team/app:2")
    assert (again.code, again.stderr.count("\n")) == (1, 1)
    assert "team/app:2" in again.stderr


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("host", "/tmp", "always there"),
        ("BAD", "/tmp", "no image name"),
        ("fine", "/no/such", "No such file"),
        ("fine", "/etc/passwd", "not a tar archive"),
    ],
)
def test_what_cannot_be_imported_is_one_line(image, name: str, source: str, said: str):
    outcome = image("import", name, source)
    assert outcome.code == 1
    assert said in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_an_image_goes_through_a_file_and_runs_again(image, tree: Path, tmp_path: Path, sandboxed: Sandboxed):
    image("import", "mine:1", str(tree))
    file = tmp_path / "saved.tar"
    assert image("save", "-o", str(file), "mine:1").stdout == ""
    image("rm", "mine:1")
    assert image("load", "-i", str(file)).stdout == "Loaded image: mine:1\n"
    assert sandboxed.run("--image", "mine:1", "--", "cat", "/marker").stdout == "this image\n"
    (described,) = json.loads(image("load", "-o", "json", str(file)).stdout)
    assert described["name"] == "docker.io/library/mine:1"
    lacking = image("save", "-o", str(tmp_path / "no.tar"), "absent")
    assert (lacking.code, lacking.stderr.count("\n"), (tmp_path / "no.tar").exists()) == (1, 1, False)


def test_owners_modes_attributes_and_devices_are_those_of_the_archive(image, tree: Path, tmp_path: Path, sandboxed):
    archive = tmp_path / "root.tar"
    with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as made:
        made.add(tree, ".")
        for name, fields in (
            ("data", {"type": tarfile.DIRTYPE, "uid": 70, "gid": 3_000_000, "mode": 0o2750}),
            ("data/disk", {"type": tarfile.BLKTYPE, "devmajor": 8, "devminor": 300, "mode": 0o640, "gid": 6}),
        ):
            info = tarfile.TarInfo(name)
            for field, value in fields.items():
                setattr(info, field, value)
            made.addfile(info)
    image("import", "owned", str(archive))
    script = "/bin/busybox stat -c '%u %g %a %t:%T' /data /data/disk"
    assert sandboxed.shell(script, "--image", "owned").stdout.splitlines() == [
        "70 3000000 2750 0:0",
        "0 6 640 8:12c",
    ]


def test_images_lie_where_the_cluster_on_a_data_directory_looks_for_them(image, tree: Path, tmp_path: Path):
    assert image("--data-dir", str(tmp_path / "cluster"), "import", "mine", str(tree)).code == 0
    assert "mine" in image("--data-dir", str(tmp_path / "cluster"), "ls").stdout
    assert "mine" not in image("ls").stdout
    assert (tmp_path / "cluster" / "images").is_dir()
