"""`podvisor up`: start a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from podvisor.cli import cluster, flags
from podvisor.cluster.settings import Settings

PARAMETERS: list[click.Parameter] = [
    click.Option(
        ["--port"],
        type=click.IntRange(0, 65535),
        default=6443,
        show_default=True,
        envvar="PODVISOR_PORT",
        help="Where the API server listens on 127.0.0.1; 0 takes any free port.",
    ),
    click.Option(
        ["--allow-host-path", "host_paths"],
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        multiple=True,
        metavar="DIR",
        help="Let hostPath volumes show what is below DIR; may be given several times. By default they show nothing.",
    ),
    click.Option(
        ["--egress"],
        type=flags.Egress(),
        default="all",
        show_default=True,
        help="What pods may reach outside of the cluster: all, none, or networks. No policy can widen it. What is this"
        " machine's own (loopback, link-local, its addresses) and cloud metadata must be named, and are not in all.",
    ),
    click.Option(
        ["--egress-deny"],
        type=flags.Networks(),
        default="",
        help="Networks that pods may not reach, whatever else is allowed.",
    ),
    click.Option(
        ["--nodeport-addresses"],
        type=flags.Addresses(),
        default="127.0.0.1",
        show_default=True,
        help="Where node ports, load balancers and host ports are open; 0.0.0.0 for all addresses of this machine.",
    ),
    click.Option(
        ["--service-node-port-range", "node_ports"],
        type=flags.PortRange(),
        default="30000-32767",
        show_default=True,
        help="Where the node ports of Services come from.",
    ),
    click.Option(
        ["--pod-memory"],
        type=flags.Memory(),
        help="What a pod without a memory limit may take, such as 2g. By default nearly all that the machine has.",
    ),
    click.Option(
        ["--memory-cgroup"],
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        metavar="DIR",
        help="A memory cgroup in which each pod gets one of its own, as a second belt around its limit. By default the"
        " one that was delegated to this command, if any.",
    ),
    click.Option(
        ["--pod-pids"],
        type=click.IntRange(min=1),
        default=1024,
        show_default=True,
        help="How many processes and threads a pod may have.",
    ),
    *(
        click.Option([f"--eviction-{name}"], default="", metavar="SIGNALS", help=text)
        for name, text in (
            (
                "hard",
                "When pods end at once. By default memory.available<100Mi, and less than 5% of a disk or its inodes.",
            ),
            ("soft", "When pods end after a grace period, such as memory.available<1Gi,pid.available<10%."),
            ("soft-grace-period", "How long each of these must last, such as memory.available=1m30s."),
            ("minimum-reclaim", "How much more is then made available, such as nodefs.available=500Mi."),
        )
    ),
    click.Option(["--detach"], is_flag=True, help="Return when the cluster is ready, and leave it running."),
]


def _callback(data_dir: Path, host_paths: tuple[Path, ...], detach: bool, **rest: Any) -> None:
    from podvisor.cluster import lifecycle

    allowed = tuple(str(path.resolve()) for path in host_paths)
    settings = Settings(data_dir=data_dir.absolute(), host_paths=allowed, **rest)
    with cluster.failures():
        (lifecycle.start if detach else lifecycle.run)(settings, click.echo)


command = cluster.data_dir(
    click.Command(
        "up",
        params=PARAMETERS,
        callback=_callback,
        help="Start a cluster, and run it until Ctrl-C or, with --detach, until `podvisor down`.",
    )
)
