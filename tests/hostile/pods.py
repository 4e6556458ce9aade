"""The pods: what each hostile one does, again and again, and the good one beside them."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
SOURCES = Path(__file__).with_name("attacks")
PROGRAMS = Path(__file__).parents[1] / "run" / "attacks"
GOOD = "good"
MEMORY = 64 << 20
"""The memory limit of each hostile pod, in bytes."""
PROCESSOR = 0.05
"""The `cpu` limit of each hostile pod: all of them together may use one core."""
PIDS = 100


@dataclass(frozen=True, slots=True)
class Hostile:
    """A pod that runs a command again and again, from the moment when the attack begins."""

    name: str
    command: str
    """For a shell. What is in `tests/hostile/attacks` and `tests/run/attacks` lies at /attacks."""
    volumes: Mapping[str, Json] = field(default_factory=dict[str, Json])
    """Volumes of its own, by where they are mounted."""


def _small(medium: str) -> Json:
    return {"emptyDir": {"sizeLimit": "16Mi", "medium": medium}}


HOSTILE: Sequence[Hostile] = (
    Hostile("fork-bomb", "f() { f | f & }; f; sleep 5"),
    Hostile("memory", 'python3 -c \'x = []\nwhile True: x.append(bytes(1 << 20).replace(b"0", b"1"))\''),
    Hostile("memory-of-silent-threads", "/attacks/silent_memory"),
    Hostile("memory-shared", "/attacks/drop_shared anonymous"),
    Hostile("memory-of-files", "/attacks/drop_shared memfd; /attacks/drop_shared /dev/shm/x; rm /dev/shm/x"),
    Hostile("memory-of-removed-files", "/attacks/pin_removed 1"),
    Hostile("page-tables", "/attacks/page_tables"),
    Hostile("tiny-mappings", "/attacks/tiny_mappings"),
    Hostile("root-in-memory", "for n in $(seq 100000); do head -c 200000 /dev/zero >/tmp/$n || break; done; rm /tmp/*"),
    Hostile("volume-in-memory", "python3 /attacks/volume.py /volume; rm /volume/*", {"/volume": _small("Memory")}),
    Hostile("volume-on-disk", "python3 /attacks/volume.py /volume; rm /volume/*", {"/volume": _small("")}),
    Hostile("descriptors", "python3 /attacks/descriptors.py"),
    Hostile("threads", "timeout 5 /attacks/silent_threads"),
    Hostile("signals", "timeout 20 python3 /attacks/signals.py"),
    Hostile("output", "yes 'a line that says nothing'"),
    Hostile("terminals", "timeout 20 python3 /attacks/terminals.py"),
    Hostile("execs", "for n in $(seq 1000); do /bin/true; done"),
    Hostile("connections", "timeout 20 python3 /attacks/connections.py"),
    Hostile("flights", "timeout 20 python3 /attacks/flights.py"),
    Hostile("processors", "/attacks/silent_spin 5; /attacks/poll_many 5"),
)

WAIT = "until [ -e /signal/begin ]; do sleep 0.2; done; while :; do ( {command} ) ; sleep 0.1; done"


def compile_attacks(directory: Path) -> None:
    """Put every program at `directory`, as pods see it at /attacks."""
    for source in PROGRAMS.glob("*.c"):
        subprocess.run(["gcc", "-O1", "-pthread", "-o", directory / source.stem, source], check=True)
    for source in SOURCES.glob("*.py"):
        (directory / source.name).write_text(source.read_text())


def hostile(one: Hostile, attacks: Path, signal: Path) -> Json:
    """The pod of one attack, which begins when a file `begin` appears in `signal`."""
    volumes: dict[str, Json] = {
        "/attacks": {"hostPath": {"path": str(attacks)}},
        "/signal": {"hostPath": {"path": str(signal)}},
        **one.volumes,
    }
    limits = {"memory": str(MEMORY), "cpu": f"{round(PROCESSOR * 1000)}m", "ephemeral-storage": "64Mi"}
    command = ["bash", "-c", WAIT.format(command=one.command)]
    return _pod(one.name, command, {"limits": limits}, volumes)


def good() -> Json:
    """The good pod: a client and a server that print, each second, how long the requests of that second took."""
    program = Path(__file__).with_name("good.py").read_text()
    return _pod(GOOD, ["python3", "-c", program], {"requests": {"cpu": "500m"}}, {})


def _pod(name: str, command: list[str], resources: Json, volumes: Mapping[str, Json]) -> Json:
    named = {f"v{number}": (path, source) for number, (path, source) in enumerate(volumes.items())}
    mounts = [
        {"name": volume, "mountPath": path, "readOnly": "hostPath" in source}
        for volume, (path, source) in named.items()
    ]
    container = {
        "name": "main",
        "image": "host",
        "command": command,
        "resources": resources,
        "volumeMounts": mounts,
    }
    spec = {
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
        "volumes": [{"name": volume, **source} for volume, (_, source) in named.items()],
    }
    return {"metadata": {"name": name}, "spec": spec}
