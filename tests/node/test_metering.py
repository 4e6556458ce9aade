"""What pods use: read from what their kernels count, without waking those that sleep."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from podvisor.node import objects
from podvisor.node.metering import exposition, files, host, samples, summary
from podvisor.node.metering.figures import Figures
from podvisor.node.metering.files import FileSystem
from podvisor.node.metering.meter import RHYTHM, Measured, Meter, Subject, processor_time
from podvisor.node.metering.outcomes import Outcomes
from podvisor.node.metering.samples import Filled, Rate, Sample, Traffic, Use
from podvisor.sandbox import driver, errors
from podvisor.sdk.objects.meta import ObjectMeta
from podvisor.testing.clock import VirtualClock

START = datetime(2026, 1, 2, tzinfo=UTC)
SECOND = 1_000_000_000


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def pod(**spec: Any) -> objects.Pod:
    metadata = ObjectMeta(name="web", namespace="shop", uid="u1")
    return objects.Pod(metadata=metadata, spec=objects.PodSpec([objects.Container("main", image="nginx")], **spec))


def answer(cpu_seconds: float, memory: int = 4096) -> dict[str, Any]:
    main = {"memory_bytes": memory, "cpu_usec": int(cpu_seconds * 1e6), "processes": 2, "tmpfs_bytes": 0}
    return {
        "containers": {"main": main | {"root_bytes": 512}, "gone": main | {"root_bytes": 0}},
        "kernel": {"rss_bytes": 1 << 20, "calls": {}, "unimplemented": {}},
        "network": {"received_bytes": 7, "sent_bytes": 9},
        "volumes": {"data": {"used_bytes": 100, "capacity_bytes": 1000}},
    }


def test_a_kernels_answer_is_read_for_containers_that_run():
    sample = samples.read(answer(2, 8192), after(20), {"main": after(5)}, Use(START, 3 * SECOND))
    assert sample.containers == {"main": Use(after(5), 2 * SECOND, 8192, 2, 512)}
    assert sample.kernel == Use(START, 3 * SECOND, 1 << 20, 1)
    assert (sample.network, sample.volumes) == (Traffic(7, 9), {"data": Filled(100, 1000)})
    assert sample.whole == Use(START, 5 * SECOND, (1 << 20) + 8192, 3, 512)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (Use(START, 10 * SECOND), Rate(200_000_000, 10.0)),
        (None, Rate(600_000_000, 20.0)),
        (Use(after(-60), 10 * SECOND), Rate(600_000_000, 20.0)),
        (Use(START, 13 * SECOND), Rate(600_000_000, 20.0)),
    ],
    ids=["between two looks", "first look", "started anew", "counts anew"],
)
def test_what_is_used_of_the_processors(before: Use | None, expected: Rate):
    assert samples.rate(before, after(10), Use(START, 12 * SECOND), after(20)) == expected


def test_nothing_is_known_of_what_has_just_begun():
    assert samples.rate(None, START, Use(START), START) is None


@dataclass
class Kernel:
    """A sandbox that says what it was told to, and how often it was asked."""

    pid: int = 1
    cpu: float = 0.0
    ran: int = 5 * SECOND
    asked: int = 0
    broken: bool = False

    async def stats(self) -> dict[str, Any]:
        self.asked += 1
        if self.broken:
            raise errors.Ended("gone", None)
        self.ran += 300_000
        return answer(self.cpu)


@dataclass
class Watched:
    """A meter over one pod."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    kernel: Kernel = field(default_factory=Kernel)
    present: bool = True

    def __post_init__(self) -> None:
        self.began = self.clock.now()
        self.meter = Meter(self.subjects, self.clock, lambda pid: self.kernel.ran)

    def subjects(self) -> list[Subject]:
        sandbox = cast("driver.Sandbox", self.kernel)
        return [Subject(pod(), sandbox, {"main": self.began})] if self.present else []

    async def later(self, ran: int = 0, cpu: float = 0.0) -> None:
        self.kernel.ran += ran
        self.kernel.cpu += cpu
        await self.clock.advance(RHYTHM)
        await self.meter.look(self.subjects())


async def test_a_new_pod_is_measured_when_somebody_asks():
    it = Watched()
    [first] = await it.meter.measured()
    assert (first.last.containers["main"].memory, first.before) == (4096, None)
    await it.meter.measured()
    assert it.kernel.asked == 1


async def test_an_idle_pod_is_not_asked_again():
    it = Watched()
    await it.meter.measured()
    for _ in range(5):
        await it.later()
    assert it.kernel.asked == 1
    [idle] = await it.meter.measured()
    assert idle.last.time == it.clock.now()
    assert idle.rate("main") == Rate(0, RHYTHM)


async def test_a_pod_that_runs_is_measured_in_the_rhythm():
    it = Watched()
    await it.meter.measured()
    await it.later(ran=SECOND, cpu=3.0)
    [busy] = await it.meter.measured()
    assert busy.rate("main") == Rate(200_000_000, RHYTHM)
    assert it.kernel.asked == 2


async def test_a_little_work_is_seen_at_the_look_after_the_next():
    """What a kernel runs after its answer cannot be told from a guest that does very little."""
    it = Watched()
    await it.meter.measured()
    await it.later(ran=100_000)
    assert it.kernel.asked == 1
    await it.later(ran=100_000)
    assert it.kernel.asked == 2


async def test_a_kernel_that_is_gone_is_left_out():
    it = Watched(kernel=Kernel(broken=True))
    assert await it.meter.measured() == []
    it.present = False
    assert await it.meter.measured() == []


async def test_a_new_kernel_is_measured_anew():
    it = Watched()
    await it.meter.measured()
    it.kernel = Kernel(cpu=1.0)
    [anew] = await it.meter.measured()
    assert anew.before is None
    assert anew.last.containers["main"].cpu == SECOND


def test_processor_time_is_the_hosts():
    own = processor_time(0)
    assert own is not None
    assert own > 0
    assert processor_time(2**22 + 1) is None


def test_the_machine_is_read_from_its_own_files(tmp_path: Path):
    (tmp_path / "sys/kernel").mkdir(parents=True)
    (tmp_path / "stat").write_text("cpu  100 20 30 4000 500 6 7 8 0 0\ncpu0 1\nbtime 1000\n")
    (tmp_path / "meminfo").write_text("MemTotal:  1000 kB\nMemAvailable:  400 kB\nHugePages_Total: 0\n")
    (tmp_path / "loadavg").write_text("0.1 0.2 0.3 2/321 999\n")
    (tmp_path / "sys/kernel/pid_max").write_text("4194304\n")
    (tmp_path / "sys/kernel/threads-max").write_text("1000\n")
    seen = host.look(START, tmp_path)
    assert (seen.use.cpu, seen.use.memory) == (171 * SECOND // 100, 600 << 10)
    assert (seen.memory_available, seen.threads, seen.most_threads) == (400 << 10, 321, 1000)
    assert seen.use.started == datetime.fromtimestamp(1000, UTC)


def test_the_machine_that_runs_this_can_be_read():
    seen = host.look(datetime.now(UTC))
    assert seen.use.cpu > 0
    assert seen.use.memory > 0
    assert 0 < seen.threads < seen.most_threads


def test_logs_take_what_their_files_take(tmp_path: Path):
    (tmp_path / "0.log").write_bytes(b"x" * 5000)
    (tmp_path / "elsewhere").symlink_to("/usr")
    assert 5000 <= files.taken(tmp_path) < 100_000
    assert files.taken(tmp_path / "none") == 0


@pytest.fixture
def figures() -> Figures:
    volumes = [
        objects.Volume("data", empty_dir=objects.EmptyDir()),
        objects.Volume("fast", empty_dir=objects.EmptyDir(medium="Memory")),
        objects.Volume("kept", persistent_volume_claim=objects.Claim("claim")),
    ]
    filled = {"data": Filled(100, 1000), "fast": Filled(5, 50), "kept": Filled(7, 70)}
    before = Sample(after(10), Use(START, SECOND), {"main": Use(START, SECOND, 4096, 1, 50)})
    last = Sample(after(25), Use(START, SECOND), {"main": Use(START, 4 * SECOND, 8192, 1, 50)}, Traffic(7, 9), filled)
    machine = host.Machine(after(25), Use(START, 100 * SECOND, 5000), 3000, 70, 1000)
    disk = FileSystem(10_000, 6_000, 500, 400)
    measured = Measured(pod(volumes=volumes), last, before)
    return Figures("n1", machine, None, disk, disk, [measured], {("u1", "main"): 30})


def test_the_summary_is_the_kubelets(figures: Figures):
    shown = summary.summary(figures)
    assert shown["node"]["cpu"]["usageNanoCores"] == 4 * SECOND
    assert shown["node"]["memory"]["availableBytes"] == 3000
    assert shown["node"]["fs"]["usedBytes"] == 4000
    assert shown["node"]["rlimit"]["curproc"] == 70
    [web] = shown["pods"]
    assert web["podRef"] == {"name": "web", "namespace": "shop", "uid": "u1"}
    [main] = web["containers"]
    assert main["cpu"] == {
        "time": "2026-01-02T00:00:25Z",
        "usageCoreNanoSeconds": 4 * SECOND,
        "usageNanoCores": 200_000_000,
    }
    assert (main["memory"]["workingSetBytes"], main["rootfs"]["usedBytes"], main["logs"]["usedBytes"]) == (8192, 50, 30)
    assert (web["network"]["rxBytes"], web["network"]["txBytes"]) == (7, 9)
    assert web["ephemeral-storage"]["usedBytes"] == 50 + 30 + 100
    assert [one["name"] for one in web["volume"]] == ["data", "fast", "kept"]
    assert web["volume"][2]["pvcRef"] == {"name": "claim", "namespace": "shop"}


def test_the_summary_can_be_of_processors_and_memory_alone(figures: Figures):
    shown = summary.summary(figures, only_cpu_and_memory=True)
    assert set(shown["node"]) == {"nodeName", "startTime", "cpu", "memory"}
    assert set(shown["pods"][0]) == {"podRef", "startTime", "containers", "cpu", "memory"}


def test_metrics_have_the_kubelets_names(figures: Figures):
    text = exposition.resource(figures).decode()
    labels = 'container="main",namespace="shop",pod="web"'
    assert f"container_cpu_usage_seconds_total{{{labels}}} 4.0 1767312025000" in text
    assert f"container_memory_working_set_bytes{{{labels}}} 8192.0" in text
    assert 'pod_cpu_usage_seconds_total{namespace="shop",pod="web"} 5.0' in text
    assert "node_memory_working_set_bytes 5000.0" in text
    assert "scrape_error 0.0" in text
    cadvisor = exposition.cadvisor(figures).decode()
    assert "container_network_receive_bytes_total{" in cadvisor
    assert 'image="nginx"' in cadvisor


def test_probes_are_counted_until_their_pod_is_gone():
    outcomes = Outcomes()
    for success in (True, True, False):
        outcomes.note(pod(), "main", "Liveness", success=success)
    text = exposition.probes(outcomes).decode()
    labels = 'container="main",namespace="shop",pod="web",pod_uid="u1",probe_type="Liveness"'
    assert f'prober_probe_total{{{labels},result="successful"}} 2.0' in text
    assert f'prober_probe_total{{{labels},result="failed"}} 1.0' in text
    outcomes.forget("u1")
    assert not outcomes.counts
