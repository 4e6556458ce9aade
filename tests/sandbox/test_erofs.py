"""Containers whose root is an EROFS image, and the judges of such images: Debian's erofs-utils."""

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from podvisor.images import host
from podvisor.sandbox import errors, spec
from sandbox import layers
from sandbox.layers import Archive
from sandbox.pods import Pod, pod

TOOLS = [shutil.which(name) for name in ("sh", "cat", "ls", "stat", "touch", "chmod", "id", "readlink", "mv", "rm")]
needs_judge = pytest.mark.skipif(shutil.which("fsck.erofs") is None, reason="Debian's erofs-utils is not installed")


def base() -> Archive:
    return (
        Archive()
        .programs(*filter(None, TOOLS))
        .add("etc", type=tarfile.DIRTYPE, mode=0o755)
        .add("etc/passwd", b"root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n")
        .add("etc/shadow", b"SECRET", mode=0o640, gid=42)
        .add("bin", type=tarfile.SYMTYPE, linkname="usr/bin")
        .add("srv", type=tarfile.DIRTYPE, mode=0o2775, uid=33, gid=70000)
        .add("srv/data", b"text", uid=70001, gid=33, mode=0o640, mtime=1_700_000_000.5)
        .add("srv/link", type=tarfile.LNKTYPE, linkname="srv/data")
        .add("srv/null", type=tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666)
        .add("srv/fifo", type=tarfile.FIFOTYPE)
        .add("srv/setid", b"x", mode=0o6755, pax_headers={"SCHILY.xattr.user.note": "kept"})
    )


@pytest.fixture
def root(tmp_path):
    return spec.Root((layers.tree(tmp_path, base()),))


def mkfs(image: Path, tree: Path, *options: str) -> None:
    subprocess.run(["mkfs.erofs", *options, image, tree], check=True, capture_output=True)


async def output(root: spec.Root, script: str, **rest: object) -> str:
    async with pod() as it:
        return await Pod(it.sandbox, root).run("app", script, **rest)


async def test_a_container_runs_from_an_image_and_sees_what_its_tar_said(root):
    script = """
        stat -c '%n %A %u %g %h %Y %t,%T' /srv /srv/data /srv/null /srv/fifo /srv/setid
        test $(stat -c %i /srv/data) = $(stat -c %i /srv/link) && echo one inode
        ls -a /srv; readlink /bin; cat /srv/link"""
    assert (await output(root, script)).splitlines() == [
        "/srv drwxrwsr-x 33 70000 2 0 0,0",
        "/srv/data -rw-r----- 70001 33 2 1700000000 0,0",
        "/srv/null crw-rw-rw- 0 0 1 0 1,3",
        "/srv/fifo prwxr-xr-x 0 0 1 0 0,0",
        "/srv/setid -rwsr-sr-x 0 0 1 0 0,0",
        "one inode",
        *[".", "..", "data", "fifo", "link", "null", "setid"],
        "usr/bin",
        "text",
    ]


async def test_permissions_of_the_image_hold_inside(root):
    script = "id -u; cat /etc/shadow; cat /srv/data; echo x >>/etc/passwd; true"
    said = await output(root, script, user="1000:1000")
    assert said.startswith("1000\n")
    assert "SECRET" not in said
    assert "text" not in said
    assert said.count("Permission denied") == 3


async def test_changes_are_made_above_and_keep_owner_mode_and_attributes(root, tmp_path):
    before = (tmp_path / "layer-0.erofs").read_bytes()
    script = """
        echo more >>/srv/data; cat /srv/link; stat -c '%u %g %a' /srv/data
        mv /srv /moved; ls /moved; rm /moved/setid; ls /moved; chmod 700 /moved; stat -c %a:%g /moved"""
    assert (await output(root, script)).split() == [
        *("textmore", "70001", "33", "640"),
        *("data", "fifo", "link", "null", "setid"),
        *("data", "fifo", "link", "null"),
        "2700:70000",
    ]
    assert (tmp_path / "layer-0.erofs").read_bytes() == before


async def test_mapped_files_have_their_own_names_and_offsets(root):
    maps = [line.split() for line in (await output(root, "exec cat /proc/self/maps")).splitlines()]
    cat = [line for line in maps if line[-1].endswith("/cat")]
    libc = [line for line in maps if "libc" in line[-1]]
    assert int(cat[0][2], 16) == 0
    assert int(libc[0][2], 16) == 0
    assert cat[0][4] != libc[0][4]


async def test_layers_of_other_kinds_lie_above_and_below(tmp_path):
    low, high = tmp_path / "low", tmp_path / "high"
    low.mkdir()
    high.mkdir()
    (low / "below").write_text("below")
    (low / "hidden").write_text("below")
    marks = Archive().add(".wh.hidden", b"").add("own", b"own")
    layers.layer(marks, high / "marks.erofs")
    middle = spec.ErofsLayer(str(high / "marks.erofs"), at="/d")
    top = (spec.FileLayer("/etc/hosts", "hosts"), spec.FileLayer("/d/file", "above"))
    root = spec.Root((*top, middle, spec.HostLayer("/d", str(low)), layers.tree(tmp_path, base())))
    script = "cat /etc/hosts; ls /d /etc; cat /d/*"
    said = await output(root, script)
    assert said.split() == [
        *("hosts/d:", "below", "file", "own", "/etc:", "hosts", "passwd", "shadow", "belowaboveown"),
    ]


GROW = """
import ctypes, os
libc = ctypes.CDLL(None)
libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
address = libc.mmap(None, 4096, 1, 2, os.open("/image/public", os.O_RDONLY), 0)
address = libc.mremap(address, 4096, 16 << 20, 1)
memory = os.open("/proc/self/mem", os.O_RDONLY)
found = b""
try:
    while piece := os.pread(memory, 4096, address + len(found)):
        found += piece
except OSError:
    pass
print(found[:6], len(found) > 4096, b"SECRET" in found)
"""


async def test_what_follows_a_mapped_file_is_nothing_that_only_some_may_read(tmp_path):
    archive = (
        Archive()
        .add("public", b"public", mode=0o644)
        .add("before", b"SECRET" * 1000, mode=0o600)
        .add("closed", type=tarfile.DIRTYPE, mode=0o700)
        .add("closed/file", b"SECRET", mode=0o644)
        .add("behind", b"also public", mode=0o644)
    )
    tree = layers.tree(tmp_path, archive)
    image = spec.ErofsLayer(tree.metadata, tree.data, at="/image")
    root = spec.Root((image, *host.root().layers))
    async with pod() as it:
        program = await Pod(it.sandbox, root).program("app", ("python3", "-c", GROW), user="1000:1000")
        said, exited = await program.end()
    assert (said, exited.code) == ("b'public' True False\n", 0)


async def test_a_compressed_image_is_refused_by_name(tmp_path):
    if shutil.which("mkfs.erofs") is None:
        pytest.skip("Debian's erofs-utils is not installed")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/file").write_text("x" * 100_000)
    mkfs(tmp_path / "z.erofs", tmp_path / "tree", "-zlz4")
    with pytest.raises(errors.Refused, match="compressed data, which is not supported"):
        await output(spec.Root((spec.ErofsLayer(str(tmp_path / "z.erofs")),)), "true")


@pytest.mark.parametrize("content", [b"", b"no image" * 1000], ids=["empty", "garbage"])
async def test_what_is_no_image_is_refused(tmp_path, content):
    (tmp_path / "none").write_bytes(content)
    with pytest.raises(errors.Refused, match="damaged EROFS image"):
        await output(spec.Root((spec.ErofsLayer(str(tmp_path / "none")),)), "true")


async def test_damage_is_an_error_to_whoever_meets_it(tmp_path):
    archive = base().add("damaged", type=tarfile.DIRTYPE).add("damaged/name-of-damage", b"x")
    tree = layers.tree(tmp_path, archive)
    metadata = bytearray((tmp_path / "tree.erofs").read_bytes())
    at = metadata.rindex(b"...name-of-damage")
    metadata[at - 36 + 8 : at - 36 + 10] = b"\xff\xff"
    (tmp_path / "tree.erofs").write_bytes(metadata)
    said = await output(spec.Root((tree,)), "ls /damaged; cat /etc/passwd")
    assert "Structure needs cleaning" in said
    assert "root:x:0:0" in said


@needs_judge
def test_erofs_utils_accept_layers_and_trees(tmp_path):
    layers.tree(tmp_path, base(), Archive().add("etc/.wh.shadow", b"").add("etc/new", b"new"))
    images = [str(tmp_path / f"layer-{number}.erofs") for number in range(2)]
    whole = [*(f"--device={image}" for image in images), str(tmp_path / "tree.erofs")]
    for arguments in ([images[0]], [images[1]], whole, [f"--extract={tmp_path}/x", "--overwrite", *whole]):
        done = subprocess.run(["fsck.erofs", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done
    assert (tmp_path / "x/etc/new").read_text() == "new"
    assert not (tmp_path / "x/etc/shadow").exists()
    dumped = subprocess.run(["dump.erofs", "-s", images[0]], capture_output=True, text=True, check=True).stdout
    assert "sb_csum" in dumped


@needs_judge
@pytest.mark.parametrize("options", [[], ["-Eforce-inode-compact"], ["-Enoinline_data"], ["--chunksize=4096"]], ids=str)
async def test_images_of_mkfs_can_be_used_and_merged(tmp_path, options):
    tree = tmp_path / "tree"
    (tree / "many").mkdir(parents=True)
    (tree / "text").write_text("text")
    (tree / "large").write_bytes(b"0123456789" * 10_000)
    (tree / "link").symlink_to("text")
    for number in range(300):
        (tree / "many" / f"{number:03}").write_text(str(number))
    mkfs(tmp_path / "m.erofs", tree, *options)
    layers.merge([tmp_path / "m.erofs"], tmp_path / "merged.erofs")
    for image in (
        spec.ErofsLayer(str(tmp_path / "m.erofs"), at="/m"),
        spec.ErofsLayer(str(tmp_path / "merged.erofs"), (str(tmp_path / "m.erofs"),), at="/m"),
    ):
        root = spec.Root((image, *host.root().layers))
        said = await output(
            root, "cat /m/link; cat /m/large | md5sum; ls /m/many | wc -l; cat /m/many/299; cmp /m/text /m/link"
        )
        digest = hashlib.md5(b"0123456789" * 10_000).hexdigest()
        assert said.split() == [f"text{digest}", "-", "300", "299"]
        python = "import mmap, os; f = open('/m/large', 'rb'); print(mmap.mmap(f.fileno(), 0, prot=1)[-10:])"
        assert await output(root, f'python3 -c "{python}"') == "b'0123456789'\n"


@pytest.mark.parametrize("content", [b"\x1f\x8bgarbage", b"BZh9", b"x" * 600], ids=["gzip", "bzip2", "tar"])
def test_garbage_is_refused_in_one_line(tmp_path, content):
    with pytest.raises(layers.Refused) as refused:
        layers.layer(content, tmp_path / "image")
    assert refused.value.reason in ("InvalidLayer", "Unsupported")
    assert "\n" not in str(refused.value)
