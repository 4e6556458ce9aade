"""Everything that is known of what is used on a node, at one moment."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from podvisor.base.clock import Clock
from podvisor.node.metering import files, host, samples
from podvisor.node.metering.files import FileSystem
from podvisor.node.metering.meter import Measured, Meter
from podvisor.node.settings import Settings


@dataclass(frozen=True, slots=True)
class Figures:
    """What the kubelet's summary and metrics are made of."""

    node: str
    machine: host.Machine
    before: host.Machine | None
    """The machine some seconds earlier."""
    disk: FileSystem
    """Where pods' volumes, logs and what they write lies."""
    images: FileSystem
    pods: Sequence[Measured]
    logs: Mapping[tuple[str, str], int]
    """Bytes of the logs, by the pod's uid and the container's name."""

    @property
    def rate(self) -> samples.Rate | None:
        """What the machine uses of its processors."""
        before, now = self.before, self.machine
        return samples.rate(before.use if before else None, (before or now).time, now.use, now.time)


async def gather(meter: Meter, settings: Settings, clock: Clock) -> Figures:
    """The figures as of now."""
    pods = await meter.measured()
    machine = await asyncio.to_thread(host.look, clock.now())
    disk, images = await asyncio.to_thread(_disks, settings)
    logs = await asyncio.to_thread(_logs, settings.data_dir / "pods", pods)
    return Figures(settings.name, machine, meter.machine, disk, images, pods, logs)


def _disks(settings: Settings) -> tuple[FileSystem, FileSystem]:
    return files.file_system(settings.data_dir), files.file_system(settings.images)


def _logs(root: Path, pods: Sequence[Measured]) -> Mapping[tuple[str, str], int]:
    return {
        (uid, name): files.taken(root / uid / "logs" / name)
        for uid, names in ((one.pod.metadata.uid, one.last.containers) for one in pods)
        for name in names
    }
