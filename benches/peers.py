"""The same container by other means: an OCI bundle of /bin/true on the machine's own root, by whoever is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benches import sandbox

ROUNDS = 9
RUNTIMES: Mapping[str, Sequence[str]] = {
    "runsc": ("runsc", "--ignore-cgroups", "--network=none", "--platform=ptrace", "run"),
    "crun": ("crun", "--cgroup-manager=disabled", "run"),
    "runc": ("runc", "run"),
}


def compare() -> None:
    """Print our time and each peer's, with the ratio."""
    ours = median(sum(sandbox.phases_of_a_start().values()) for _ in range(ROUNDS))
    print(f"    podvisor-sandbox {ours:6.1f} ms")
    for name, command in RUNTIMES.items():
        if shutil.which(name) is None:
            print(f"    {name:16} is not installed")
            continue
        try:
            theirs = _elapsed(command)
        except subprocess.CalledProcessError as error:
            print(f"    {name:16} does not run here: {(error.stderr.strip().splitlines() or ['no reason given'])[-1]}")
        else:
            print(f"    {name:16} {theirs:6.1f} ms, podvisor takes {ours / theirs:.2f} of it")


def _elapsed(command: Sequence[str]) -> float:
    """Milliseconds of a container, the median of some."""
    taken: list[float] = []
    with tempfile.TemporaryDirectory(prefix="podvisor-bench-") as bundle:
        (Path(bundle) / "config.json").write_text(json.dumps(_bundle()))
        for number in range(ROUNDS):
            began = time.perf_counter()
            run = [*command, "--bundle", bundle, f"podvisor-bench-{os.getpid()}-{number}"]
            subprocess.run(run, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            taken.append(1000 * (time.perf_counter() - began))
    return median(taken)


def _bundle() -> Mapping[str, object]:
    """See the OCI runtime specification, config.md."""
    return {
        "ociVersion": "1.0.0",
        "process": {"args": ["/bin/true"], "cwd": "/", "env": ["PATH=/usr/bin:/bin"], "user": {"uid": 0, "gid": 0}},
        "root": {"path": "/", "readonly": True},
        "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "network", "ipc", "uts", "mount")]},
    }
