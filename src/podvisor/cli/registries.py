"""What the commands that pull have in common: their flag, whom they are at a registry, and what they show meanwhile."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from podvisor.images import config, fetching, local
from podvisor.images.assembling import Progress
from podvisor.images.pulling import Puller
from podvisor.images.registry import credentials, hosts
from podvisor.sandbox import spec

SHOWN_EVERY = 0.1
"""Seconds between two changes of a terminal's line."""


FLAG: dict[str, Any] = {
    "type": click.Path(exists=True, dir_okay=False, path_type=Path),
    "metavar": "FILE",
    "help": "Mirrors, certificates and logins; without it ~/.config/podvisor/registries.yaml.",
}
"""The flag that names a `registries.yaml`."""


def puller(store: local.Store, registries: Path | None, shown: Shown | None = None) -> Puller:
    """Pulls as this user. Raises BadConfiguration."""
    found = hosts.load(registries or default_path())
    keyring = credentials.of_user(os.environ)
    return Puller(store.content, found, keyring, progress=shown.see if shown else lambda _: None)


def for_run(name: str, policy: fetching.Policy, registries: Path | None) -> tuple[spec.Root, config.Execution]:
    """An image's file system, pulled where the policy wants it, and what it says of its process. Raises ImageError."""
    data = os.environ.get("PODVISOR_DATA_DIR")
    store, shown = local.Store(os.path.join(data, "images") if data else local.default_directory()), Shown()
    if policy == "always" or not store.has(name):
        try:
            asyncio.run(fetching.have(store, puller(store, registries, shown), name, policy, now=time.time()))
        finally:
            shown.close()
    found = store.config(name)
    return store.root(name), found.execution if found else config.Execution()


def default_path() -> Path:
    """$XDG_CONFIG_HOME/podvisor/registries.yaml (XDG base directory specification)."""
    config = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return Path(config, "podvisor", "registries.yaml")


@dataclass(slots=True)
class Shown:
    """Progress on standard error: on a terminal a line for each layer that is under way, below those that are whole.

    Elsewhere a layer has a line when it is whole, and nothing changes that was written.
    """

    terminal: bool = field(default_factory=lambda: sys.stderr.isatty())
    _layers: dict[str, Progress] = field(default_factory=dict[str, Progress])
    _last: float = 0.0
    _lines: int = 0
    """How many lines of the terminal change."""

    def see(self, progress: Progress) -> None:
        """Take note of how far a layer is."""
        before = self._layers.get(progress.digest)
        self._layers[progress.digest] = progress
        whole = _is_whole(progress)
        news = whole and (before is None or not _is_whole(before))
        if not self.terminal:
            if news:
                print(f"{progress.digest}: complete", file=sys.stderr)
        elif news or time.monotonic() - self._last > SHOWN_EVERY:
            self._last = time.monotonic()
            self._draw(f"{_short(progress.digest)}: Pull complete\n" if news else "")

    def close(self) -> None:
        """Take the lines that change away."""
        if self._lines:
            self._write("")

    def _draw(self, kept: str) -> None:
        under_way = [one for one in self._layers.values() if not _is_whole(one)]
        lines = [f"{_short(one.digest)}: Pulling {amount(one.done)}/{amount(one.size)}\n" for one in under_way]
        done, size = (sum(getattr(one, name) for one in self._layers.values()) for name in ("done", "size"))
        there = len(self._layers) - len(under_way)
        lines.append(f"{there}/{len(self._layers)} layers, {amount(done)} of {amount(size)}\n")
        self._write(kept, *lines)

    def _write(self, kept: str, *lines: str) -> None:
        """Write lines in place of those that change; what is kept comes above them."""
        up = f"\033[{self._lines}A" if self._lines else ""
        self._lines = len(lines)
        print(f"\r{up}\033[J{kept}{''.join(lines)}", end="", file=sys.stderr, flush=True)


def _is_whole(progress: Progress) -> bool:
    return progress.done >= progress.size


def _short(digest: str) -> str:
    """A layer as docker calls it."""
    return digest.removeprefix("sha256:")[:12] if digest.startswith("sha256:") else digest


def amount(size: float) -> str:
    """Bytes, as people read them."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f}{unit}" if unit == "B" else f"{size:.1f}{unit}"
        size /= 1024
    return f"{size:.1f}GiB"
