"""Root trees made of Debian's packages, as OCI layouts, kept outside of the repository."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import registry as registries

BASE = ("base-files", "base-passwd", "bash", "coreutils", "libc-bin", "dash", "sed", "grep", "findutils", "hostname")
MERGED = ("bin", "sbin", "lib", "lib64")
"""What are links to their like below /usr; packages still carry files by their old names."""

SUMS = "usr/share/md5"
"""Where a tree has the checksums of its files."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """An image: its packages, its own users, and what it says of its containers."""

    name: str
    packages: Sequence[str]
    config: Sequence[str] = ()
    users: Sequence[str] = ()
    """`NAME:UID:HOME`."""
    directories: Sequence[str] = ()
    """`PATH:UID`, which a package's own scripts would have made."""
    links: Sequence[str] = ()
    """`PATH:TARGET`, made by them as well."""

    @property
    def key(self) -> str:
        return f"{self.name}-{hashlib.sha256(repr(self).encode()).hexdigest()[:12]}"


def layout(recipe: Recipe) -> Path:
    """The OCI layout of an image, made once. Skips the test where packages cannot be had."""
    registries.need("apt-get", "dpkg-deb", "umoci")
    place = cache() / recipe.key
    if not (place / "layout").is_dir():
        shutil.rmtree(place, ignore_errors=True)
        work = cache() / f"{recipe.key}.{os.getpid()}"
        root = tree(recipe, work / "tree")
        registries.layout(work, root, *recipe.config)
        shutil.rmtree(root)
        work.rename(place)
    return place / "layout"


def tree(recipe: Recipe, root: Path) -> Path:
    """A root file system of these packages, as far as that goes without their scripts."""
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    sums = ""
    for package in downloaded(recipe.packages):
        _extract(package, root)
        sums += _sums(package)
    (root / SUMS).write_text(sums)
    for file in ("passwd", "group"):
        (root / "etc" / file).write_text((root / f"usr/share/base-passwd/{file}.master").read_text())
    for name, uid, home in (one.split(":") for one in recipe.users):
        with (root / "etc/passwd").open("a") as passwd, (root / "etc/group").open("a") as group:
            passwd.write(f"{name}:x:{uid}:{uid}::{home}:/bin/sh\n")
            group.write(f"{name}:x:{uid}:\n")
    for path, uid in (one.split(":") for one in recipe.directories):
        (root / path).mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(root / path, int(uid), int(uid))
    for path, target in (one.split(":") for one in recipe.links):
        (root / path).symlink_to(target)
    return root


def downloaded(packages: Sequence[str]) -> list[Path]:
    """The packages and all that they need, as files."""
    place = cache() / "packages"
    place.mkdir(parents=True, exist_ok=True)
    status = place / "status"
    status.touch()
    nothing = ("-o", f"Dir::State::status={status}", "--no-install-recommends")
    planned = _run("apt-get", "install", "--simulate", *nothing, *BASE, *packages, cwd=place)
    chosen = [line.split() for line in planned.splitlines() if line.startswith("Inst ")]
    files = {f"{words[1]}_{words[2][1:].replace(':', '%3a')}": f"{words[1]}={words[2][1:]}" for words in chosen}
    if missing := [wanted for stem, wanted in files.items() if not list(place.glob(f"{stem}_*.deb"))]:
        _run("apt-get", "download", *missing, cwd=place)
    return [next(place.glob(f"{stem}_*.deb")) for stem in files]


def cache() -> Path:
    """$XDG_CACHE_HOME/podvisor-tests."""
    place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "podvisor-tests")
    place.mkdir(parents=True, exist_ok=True)
    return place


def _extract(package: Path, root: Path) -> None:
    """As dpkg does it, which follows the links of a merged /usr."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as opened:
        extract = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner" if os.geteuid() else "-p"]
        subprocess.run([*extract, "-C", str(root)], stdin=opened.stdout, check=True)


def _sums(package: Path) -> str:
    """The checksums of a package's files, if it has any (deb-md5sums(5))."""
    done = subprocess.run(["dpkg-deb", "--info", str(package), "md5sums"], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def _run(*words: str, cwd: Path) -> str:
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(words[:2])}: {done.stderr.strip().splitlines()[-1:]}")
    return done.stdout
