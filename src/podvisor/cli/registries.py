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
    """Progress on standard error: one line that changes on a terminal, elsewhere a line for each layer."""

    terminal: bool = field(default_factory=lambda: sys.stderr.isatty())
    _layers: dict[str, Progress] = field(default_factory=dict[str, Progress])
    _last: float = 0.0

    def see(self, progress: Progress) -> None:
        before = self._layers.get(progress.digest)
        self._layers[progress.digest] = progress
        whole = progress.done >= progress.size
        if not self.terminal:
            if whole and (before is None or before.done < before.size):
                print(f"{progress.digest}: complete", file=sys.stderr)
        elif whole or time.monotonic() - self._last > SHOWN_EVERY:
            self._last = time.monotonic()
            done, size = (sum(getattr(one, name) for one in self._layers.values()) for name in ("done", "size"))
            there = sum(one.done >= one.size for one in self._layers.values())
            text = f"{there}/{len(self._layers)} layers, {amount(done)} of {amount(size)}"
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        """End the line that changes."""
        if self.terminal and self._layers:
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def amount(size: float) -> str:
    """Bytes, as people read them."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f}{unit}" if unit == "B" else f"{size:.1f}{unit}"
        size /= 1024
    return f"{size:.1f}GiB"
