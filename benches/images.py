"""Pulling, unpacking and running images, beside skopeo and umoci, and beside the same files as a directory of the host.

    python -m benches images

Needs docker-registry, skopeo and umoci (tools/test-packages). The large image is made of this machine's own /usr, once
for all figures; making it takes longer than measuring.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benches.sandbox import PODVISOR, Target, at_most, descendants, row
from podvisor.images import fetching, host, local
from podvisor.images.pulling import Puller
from podvisor.sandbox import protocol, spec
from podvisor.sandbox.process import Sandbox

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from harness import registry as registries

BYTES, FILES = 420 << 20, 20_000
"""How large the large image is at least."""
PARTS = ("usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/bin", "usr/lib/python3*", "usr/share")
"""Whence it has its files: what programs need first, then what there is most of."""
LARGEST = 8 << 20
"""No file is larger, as in images of programs that are not compilers."""
MANY = 20
"""The layers of the image of many."""
ROUNDS = 2
STARTS = 25
IMPORTS = "import asyncio, json, ssl"
AHEAD = Target("ahead of it", lambda ours, native, peer: peer is None or ours < peer)
HALF = Target("<= 0.5 of it", lambda ours, native, peer: peer is None or ours <= 0.5 * peer)


def main() -> None:
    """Print every figure; the column of peers is skopeo with umoci, or the host's directory."""
    with tempfile.TemporaryDirectory(prefix="podvisor-bench-") as work, served(Path(work)) as registry:
        tree = Path(work) / "tree"
        size, files = copied(tree)
        large = registry.push(layered(Path(work) / "large", tree), "bench/large")
        print(f"an image of {size >> 20} MB, {files} files and {len(parts(tree))} layers\n")
        print(f"{'':32} {'podvisor':>12} {'':>12} {'peer':>12}   {'target':16}")
        data = pulls(Path(work), large)
        again(data, large)
        starts(data, registry.push(many(Path(work) / "many"), "bench/many"))
        reads(data, large, tree)


@contextlib.contextmanager
def served(work: Path) -> Generator[registries.Registry]:
    """A registry on loopback."""
    (work / "registry").mkdir()
    with registries.served(work / "registry") as registry:
        yield registry


def copied(tree: Path) -> tuple[int, int]:
    """Files of this machine as a root file system, until there are enough; their bytes and how many they are."""
    size = files = 0
    for part in PARTS:
        for source in sorted(Path("/").glob(part)):
            for directory, _, names in os.walk(source):
                target = tree / directory.lstrip("/")
                target.mkdir(parents=True, exist_ok=True)
                for name in names:
                    # Programs and libraries are wanted whole; of what comes last, as much as is needed.
                    if part == PARTS[-1] and size >= BYTES and files >= FILES:
                        break
                    with contextlib.suppress(OSError):
                        if (Path(directory) / name).lstat().st_size > LARGEST:
                            continue
                        copy = target / name
                        shutil.copy2(Path(directory) / name, copy, follow_symlinks=False)
                        size, files = size + copy.lstat().st_size, files + 1
    for name in ("bin", "lib", "lib64"):
        (tree / name).symlink_to(f"usr/{name}")
    (tree / "usr/lib64").mkdir(exist_ok=True)
    for loader in Path("/lib64").glob("ld-linux*"):
        shutil.copy2(loader, tree / "usr/lib64" / loader.name)
    return size, files


def parts(tree: Path) -> list[Path]:
    """What become layers."""
    return [*(tree / "usr").iterdir(), *(one for one in tree.iterdir() if one.is_symlink())]


def layered(directory: Path, tree: Path) -> Path:
    """The tree as an image of a layer for each of its parts."""
    directory.mkdir()
    made = empty(directory)
    for part in parts(tree):
        registries.umoci("insert", "--image", f"{made}:x", str(part), f"/{part.relative_to(tree)}")
    return made


def many(directory: Path) -> Path:
    """An image of many layers: busybox, and a file in each of the others."""
    directory.mkdir()
    made = empty(directory)
    registries.umoci("insert", "--image", f"{made}:x", str(registries.busybox_tree(directory / "tree")), "/")
    for number in range(1, MANY):
        file = directory / f"file-{number}"
        file.write_text(f"{number}\n")
        registries.umoci("insert", "--image", f"{made}:x", str(file), f"/srv/{file.name}")
    return made


def empty(directory: Path) -> Path:
    """A layout with an image of no layers."""
    made = directory / "layout"
    registries.umoci("init", "--layout", str(made))
    registries.umoci("new", "--image", f"{made}:x")
    return made


def pulls(work: Path, image: str) -> Path:
    """Time and memory of pulls to an empty store, each beside the peers' to an empty directory; the last store."""
    ours: list[float] = []
    theirs: list[float] = []
    peaks: list[Peak] = []
    for number in range(ROUNDS):
        data = work / f"data-{number}"
        peak = Peak([PODVISOR, "image", "--data-dir", str(data), "pull", image])
        ours.append(peak.seconds)
        peaks.append(peak)
        theirs.append(seconds(lambda number=number: by_peers(work / f"peer-{number}", image)))
        shutil.rmtree(work / f"peer-{number}")
        if number + 1 < ROUNDS:
            shutil.rmtree(data)
    row("pull and unpack", median(ours), None, median(theirs), "s", HALF)
    print(f"{'':32} {median(ours) / median(theirs):.2f} of skopeo and umoci")
    row("its peak memory", max(one.proportional for one in peaks), None, None, "MB", at_most(64, "MB"))
    print(f"{'':32} of it anonymous {max(one.anonymous for one in peaks):.1f} MB")
    return data


def by_peers(place: Path, image: str) -> None:
    """The same by skopeo and umoci."""
    place.mkdir()
    registries.skopeo("copy", "--src-tls-verify=false", f"docker://{image}", f"oci:{place}/layout:x")
    rootless = [] if os.geteuid() == 0 else ["--rootless"]
    registries.umoci("unpack", *rootless, "--image", f"{place}/layout:x", f"{place}/bundle")


@dataclass(slots=True)
class Peak:
    """A command that is run, how long it takes, and the most memory that it and all below it have at once, in MB."""

    argv: Sequence[str]
    seconds: float = 0.0
    proportional: float = 0.0
    """Each shared page divided by how many map it."""
    anonymous: float = 0.0
    _done: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        began = time.perf_counter()
        with subprocess.Popen(self.argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            watcher = threading.Thread(target=self._watch, args=(process.pid,))
            watcher.start()
            _, said = process.communicate()
            self.seconds = time.perf_counter() - began
            self._done.set()
            watcher.join()
        assert process.returncode == 0, said

    def _watch(self, pid: int) -> None:
        while not self._done.wait(0.02):
            try:
                found = [rolled(one) for one in (pid, *descendants(pid))]
            except OSError:
                continue
            self.proportional = max(self.proportional, sum(one.get("Pss", 0) for one in found) / 1024)
            self.anonymous = max(self.anonymous, sum(one.get("Pss_Anon", 0) for one in found) / 1024)


def rolled(pid: int) -> dict[str, int]:
    """A process's memory in KiB by kind (proc(5), smaps_rollup); nothing of one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    return {name: int(amount.split()[0]) for name, _, amount in (line.partition(":") for line in lines)}


def again(data: Path, image: str) -> None:
    """A pull of what is here: what the registry is asked, and the look at what is kept."""
    store = local.Store(str(data / "images"))
    taken: list[float] = []
    for _ in range(STARTS):
        puller = Puller(store.content)
        taken.append(1000 * seconds(lambda puller=puller: asyncio.run(fetching.pull(store, puller, image, now=0))))
    row("pull of what is here", median(taken), None, None, "ms", at_most(30, "ms"))


def starts(data: Path, image: str) -> None:
    """A container from an image of many layers, to its end, and one from the host's files."""
    store = local.Store(str(data / "images"))
    asyncio.run(fetching.pull(store, Puller(store.content), image, now=0))
    roots = (store.root(image), host.root())
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(STARTS):
        for root, found in zip(roots, taken, strict=True):
            found.append(1000 * seconds(lambda root=root: ran(root, ("true",))))
    ours, theirs = map(median, taken)
    target = Target("<= host + 5 ms", lambda ours, native, peer: peer is not None and ours <= peer + 5)
    row(f"a container of {MANY} layers", ours, None, theirs, "ms", target)


def reads(data: Path, image: str, tree: Path) -> None:
    """Programs over the large image, and over the same files as a directory of the host."""
    directory = spec.Root((spec.HostLayer("/", str(tree)),))
    roots = (local.Store(str(data / "images")).root(image), directory)
    for title, argv in (
        ("find /", ("/usr/bin/find", "/", "-xdev", "-size", "+1", "-false")),
        (f"python3 -c '{IMPORTS}'", ("/usr/bin/python3", "-c", IMPORTS)),
    ):
        taken: tuple[list[float], list[float]] = ([], [])
        for _ in range(2 * ROUNDS + 1):
            for root, found in zip(roots, taken, strict=True):
                found.append(1000 * seconds(lambda root=root, argv=argv: ran(root, argv)))
        ours, theirs = map(median, taken)
        row(title, ours, None, theirs, "ms", AHEAD)
        print(f"{'':32} {ours / theirs:.2f} of the directory")


def ran(root: spec.Root, argv: tuple[str, ...]) -> None:
    """A sandbox of its own that runs one program to its end."""
    with contextlib.closing(Sandbox()) as sandbox:
        sandbox.create(spec.Pod("bench"))
        pid = sandbox.start(spec.Container("main", root, spec.Process(argv, spec.Streams())))
        while True:
            for event in sandbox.events():
                if isinstance(event, protocol.Exited) and event.pid == pid:
                    assert event.status == 0, event
                    return
            sandbox.receive()


def seconds(work: Callable[[], object]) -> float:
    """How long some work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
