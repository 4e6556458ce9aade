"""When the node is under pressure, which pod ends for it, and what is said.

https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from podvisor.node import objects
from podvisor.node.eviction import limits, manager, pressure, ranking, thresholds, words
from podvisor.node.eviction.manager import Manager, Surroundings
from podvisor.node.eviction.pressure import State
from podvisor.node.eviction.ranking import Candidate
from podvisor.node.eviction.thresholds import Amount, BadThreshold, Observation, Threshold
from podvisor.node.metering import host
from podvisor.node.metering.figures import Figures
from podvisor.node.metering.files import FileSystem
from podvisor.node.metering.meter import Measured
from podvisor.node.metering.samples import Filled, Sample, Use
from podvisor.sdk.objects.meta import ObjectMeta
from podvisor.testing.clock import VirtualClock

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MIB = 1 << 20
MEMORY = Threshold("memory.available", Amount(100))
SOFT = Threshold("memory.available", Amount(200), timedelta(seconds=30))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def memory(available: int) -> dict[str, Observation]:
    return {"memory.available": Observation(available, 1000)}


def test_flags_are_the_kubelets():
    found = thresholds.settings(
        "memory.available<1Gi,nodefs.available<10%",
        "imagefs.available<15%",
        "imagefs.available=1m30s",
        "nodefs.available=5%",
    )
    assert list(found.thresholds) == [
        Threshold("memory.available", Amount(1 << 30)),
        Threshold("nodefs.available", Amount(share=0.1), reclaim=Amount(share=0.05)),
        Threshold("imagefs.available", Amount(share=0.15), timedelta(seconds=90)),
    ]


def test_a_share_of_nothing_or_of_everything_switches_a_signal_off():
    assert thresholds.settings("memory.available<0%,pid.available<100%").thresholds == []


def test_the_default_leaves_a_machine_alone_that_has_something_left():
    signals = [one.signal for one in thresholds.settings().thresholds]
    assert signals[0] == "memory.available"
    assert len(signals) == 5


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("memory<1Gi",), "unsupported eviction signal memory"),
        (("memory.available",), "'memory.available' should be of the form signal<value"),
        (("memory.available<",), "should be of the form signal<value"),
        (("memory.available<x",), "eviction threshold memory.available: 'x' is neither a quantity nor a percentage"),
        (("memory.available<-1",), "eviction threshold memory.available must be positive: -1"),
        (("memory.available<110%",), "must be between 0% and 100%: 110%"),
        (("memory.available<y%",), "neither a quantity nor a percentage"),
        (
            ("", "memory.available<1Gi"),
            "grace period must be specified for the soft eviction threshold memory.available",
        ),
        (("", "memory.available<1Gi", "memory.available=x"), "invalid eviction grace period for memory.available: 'x'"),
        (("", "memory.available<1Gi", "memory.available=10"), "invalid eviction grace period"),
        (("", "", "", "memory=1"), "unsupported eviction signal memory"),
    ],
)
def test_flags_that_make_no_sense_are_refused(flags: tuple[str, ...], text: str):
    with pytest.raises(BadThreshold) as refused:
        thresholds.settings(*flags)
    assert text in str(refused.value)


def settings(*chosen: Threshold) -> thresholds.Settings:
    return thresholds.Settings(chosen)


def test_a_hard_threshold_acts_at_once():
    state, found = pressure.look(settings(MEMORY), State(), memory(99), NOW)
    assert (found.conditions, list(found.acting)) == ({"MemoryPressure"}, [MEMORY])
    assert pressure.look(settings(MEMORY), state, memory(100), after(1))[1].acting == []


def test_a_soft_threshold_acts_after_its_grace_period():
    chosen = settings(SOFT)
    state, found = pressure.look(chosen, State(), memory(150), NOW)
    assert (found.conditions, found.acting) == ({"MemoryPressure"}, [])
    state, found = pressure.look(chosen, state, memory(150), after(29))
    assert found.acting == []
    state, found = pressure.look(chosen, state, memory(250), after(30))
    assert found.acting == []
    state, found = pressure.look(chosen, state, memory(150), after(40))
    assert found.acting == []
    assert pressure.look(chosen, state, memory(150), after(70))[1].acting == [SOFT]


def test_a_condition_stays_for_the_time_of_transition():
    chosen = settings(MEMORY)
    state, _ = pressure.look(chosen, State(), memory(50), NOW)
    state, found = pressure.look(chosen, state, memory(500), after(299))
    assert found.conditions == {"MemoryPressure"}
    assert pressure.look(chosen, state, memory(500), after(300))[1].conditions == frozenset()


def test_what_was_acted_upon_goes_on_until_the_minimum_is_reclaimed():
    chosen = settings(replace(MEMORY, reclaim=Amount(50)))
    state, _ = pressure.look(chosen, State(), memory(50), NOW)
    state, found = pressure.look(chosen, state, memory(149), after(10))
    assert len(found.acting) == 1
    state, found = pressure.look(chosen, state, memory(150), after(20))
    assert found.acting == []
    assert pressure.look(chosen, state, memory(149), after(30))[1].acting == []


def test_a_signal_that_cannot_be_seen_is_none():
    assert pressure.look(settings(MEMORY), State(), {}, NOW)[1].acting == []


def test_memory_comes_first():
    disk = Threshold("nodefs.available", Amount(share=0.1))
    seen = memory(10) | {"nodefs.available": Observation(1, 100)}
    _, found = pressure.look(settings(disk, MEMORY), State(), seen, NOW)
    assert [one.signal for one in found.acting] == ["memory.available", "nodefs.available"]
    assert found.conditions == {"MemoryPressure", "DiskPressure"}


def pod(name: str = "web", priority: int = 0, volumes: Any = (), **resources: Any) -> objects.Pod:
    container = objects.Container("main", resources=objects.Resources(**resources))
    spec = objects.PodSpec([container], priority=priority, volumes=list(volumes))
    return objects.Pod(metadata=ObjectMeta(name=name, namespace="default", uid=name), spec=spec)


def requesting(name: str, memory: str, priority: int = 0) -> objects.Pod:
    return pod(name, priority, requests={"memory": memory})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            [Candidate(requesting("fits", "100Mi"), 50 * MIB), Candidate(requesting("over", "10Mi", 5), 20 * MIB)],
            ["over", "fits"],
        ),
        (
            [Candidate(requesting("high", "1Mi", 9), 90 * MIB), Candidate(requesting("low", "1Mi"), 2 * MIB)],
            ["low", "high"],
        ),
        (
            [Candidate(requesting("little", "10Mi"), 12 * MIB), Candidate(requesting("much", "50Mi"), 90 * MIB)],
            ["much", "little"],
        ),
        ([Candidate(pod("known"), 90 * MIB), Candidate(pod("unknown"))], ["unknown", "known"]),
        ([Candidate(pod("kept", ranking.CRITICAL), 90 * MIB), Candidate(pod("other"), 1)], ["other"]),
    ],
    ids=["above what it requests", "priority", "how much more", "not measured", "critical"],
)
def test_who_ends_first_for_memory(found: list[Candidate], expected: list[str]):
    assert [one.pod.metadata.name for one in ranking.rank(found, "memory")] == expected


def test_who_ends_first_for_processes_and_disk():
    many, few = Candidate(pod("many"), 1, 5, 90), Candidate(pod("few"), 9, 10, 2)
    assert [one.pod.metadata.name for one in ranking.rank([few, many], "pids")] == ["many", "few"]
    for resource in ("ephemeral-storage", "inodes"):
        assert [one.pod.metadata.name for one in ranking.rank([many, few], resource)] == ["few", "many"]


def test_what_a_pod_requests():
    one = requesting("web", "100Mi")
    sidecar = objects.Container(
        "side", restart_policy="Always", resources=objects.Resources(requests={"memory": "50Mi"})
    )
    once = objects.Container("once", resources=objects.Resources(requests={"memory": "120Mi"}))
    one.spec.init_containers += [sidecar, once]
    assert ranking.requests(one, "memory") == 150 * MIB


def measured(one: objects.Pod, memory: int = 0, root: int = 0, **volumes: int) -> Measured:
    filled = {name: Filled(used, 1 << 40) for name, used in volumes.items()}
    use = Use(NOW, 0, memory, 1, root)
    return Measured(one, Sample(NOW, Use(NOW), {"main": use}, volumes=filled), None)


def figures(*pods: Measured, available: int = 900 * MIB, disk: int = 90, logs: int = 0) -> Figures:
    machine = host.Machine(NOW, Use(NOW, 0, 1000 * MIB - available), available, 10, 1000)
    file_system = FileSystem(100 * MIB, disk * MIB, 1000, 900)
    sizes = {(one.pod.metadata.uid, "main"): logs for one in pods}
    return Figures("n1", machine, None, file_system, file_system, pods, sizes)


def volume(limit: str | None = None, medium: str = "") -> objects.Volume:
    return objects.Volume("data", empty_dir=objects.EmptyDir(medium, limit))


def storage(limit: str) -> dict[str, Any]:
    return {"limits": {"ephemeral-storage": limit}}


@pytest.mark.parametrize(
    ("given", "logs", "expected"),
    [
        (
            measured(pod(volumes=[volume("1Mi")]), data=MIB + 1),
            0,
            'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ',
        ),
        (measured(pod(volumes=[volume("1Mi")]), data=MIB), 0, ""),
        (measured(pod(volumes=[volume()]), data=90 * MIB), 0, ""),
        (
            measured(pod(volumes=[volume()], **storage("1Mi")), data=2 * MIB),
            0,
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
        ),
        (measured(pod(volumes=[volume(medium="Memory")], **storage("1Mi")), data=2 * MIB), 0, ""),
        (measured(pod(**storage("1Mi")), root=MIB), 0, ""),
        (
            measured(pod(**storage("1Mi")), root=MIB),
            1,
            "Pod ephemeral local storage usage exceeds the total limit of containers 1Mi. ",
        ),
    ],
    ids=[
        "volume",
        "volume at its limit",
        "volume without",
        "all of it",
        "memory is no disk",
        "at the limit",
        "logs count",
    ],
)
def test_who_uses_more_of_the_disk_than_it_said(given: Measured, logs: int, expected: str):
    assert limits.exceeded(given, figures(given, logs=logs)) == expected


def test_one_container_may_be_to_blame():
    one = pod(**storage("1Mi"))
    one.spec.containers.append(objects.Container("side", resources=objects.Resources(**storage("10Mi"))))
    given = measured(one, root=2 * MIB)
    assert limits.exceeded(given, figures(given)) == 'Container main exceeded its local ephemeral storage limit "1Mi". '


def test_there_is_room_for_a_limit_to_be_exceeded():
    assert limits.room(1 << 10) == (1 << 10) + (64 << 10)
    assert limits.room(160 * MIB) == 170 * MIB


@dataclass
class Evicted:
    """A worker that takes note."""

    pod: objects.Pod
    told: list[tuple[str, int, bool]] = field(default_factory=list)

    def evict(self, message: str, grace: int, *, disrupted: bool) -> None:
        self.told.append((message, grace, disrupted))


@dataclass
class Node:
    """A node of which a test says what is used."""

    settings: thresholds.Settings
    pods: list[Measured]
    available: int = 900 * MIB
    disk: int = 90
    reclaims: int = 0
    warned: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        self.running = {one.pod.metadata.name: Evicted(one.pod) for one in self.pods}
        around = Surroundings(
            lambda: list(self.running.values()), self.figures, self.reclaim, lambda *words: self.warned.append(words)
        )
        self.manager = Manager(self.settings, around, self.clock)

    async def figures(self) -> Figures:
        return figures(*self.pods, available=self.available, disk=self.disk)

    async def reclaim(self) -> None:
        self.reclaims += 1
        self.disk += 10

    @property
    def evicted(self) -> dict[str, tuple[str, int, bool]]:
        return {name: one.told[-1] for name, one in self.running.items() if one.told}


BY_MEMORY = thresholds.settings("memory.available<100Mi")


async def test_one_pod_ends_for_memory_at_a_time():
    pods = [measured(requesting("big", "1Mi"), 300 * MIB), measured(requesting("small", "1Mi"), 20 * MIB)]
    node = Node(BY_MEMORY, pods, available=50 * MIB)
    await node.manager.look()
    text = (
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
        "Container main was using 300Mi, request is 1Mi, has larger consumption of memory. "
    )
    assert node.evicted == {"big": (text, 1, True)}
    assert node.warned == [("EvictionThresholdMet", "Attempting to reclaim memory")]
    assert node.manager.conditions == {"MemoryPressure"}


async def test_images_go_before_pods():
    node = Node(thresholds.settings("nodefs.available<10%"), [measured(pod())], disk=5)
    await node.manager.look()
    assert (node.reclaims, node.evicted) == (1, {})
    node.disk = -5
    await node.manager.look()
    assert "low on resource: ephemeral-storage" in node.evicted["web"][0]


async def test_a_soft_threshold_leaves_time_to_end():
    soft = thresholds.settings("", "memory.available<100Mi", "memory.available=10s")
    node = Node(replace(soft, max_grace=60), [measured(pod())], available=50 * MIB)
    await node.manager.look()
    assert node.evicted == {}
    await node.clock.advance(10)
    await node.manager.look()
    assert node.evicted["web"][1:] == (60, True)


async def test_greedy_pods_end_without_pressure():
    greedy, modest = measured(pod("greedy", volumes=[volume("1Mi")]), data=9 * MIB), measured(pod("modest"))
    node = Node(BY_MEMORY, [greedy, modest])
    await node.manager.look()
    assert node.evicted == {"greedy": ('Usage of EmptyDir volume "data" exceeds the limit "1Mi". ', 1, False)}
    assert node.manager.conditions == frozenset()


async def test_a_node_without_pods_to_end_goes_on():
    node = Node(BY_MEMORY, [measured(pod("kept", ranking.CRITICAL))], available=1)
    await node.manager.look()
    assert node.evicted == {}


@pytest.mark.parametrize(
    ("conditions", "given", "refused"),
    [
        (set(), pod(), False),
        ({"MemoryPressure"}, pod(), True),
        ({"MemoryPressure"}, requesting("web", "1Mi"), False),
        ({"DiskPressure"}, requesting("web", "1Mi"), True),
        ({"DiskPressure"}, pod(priority=ranking.CRITICAL), False),
    ],
)
def test_who_is_taken_under_pressure(conditions: set[str], given: objects.Pod, refused: bool):
    node = Node(BY_MEMORY, [])
    node.manager.conditions = frozenset(conditions)
    assert bool(node.manager.refusal(given)) is refused


def test_a_toleration_lets_a_pod_in():
    node, one = Node(BY_MEMORY, []), pod()
    node.manager.conditions = frozenset({"MemoryPressure"})
    assert node.manager.refusal(one) == "The node had condition: [MemoryPressure]. "
    one.spec.tolerations.append(objects.Toleration(key=manager.TOLERATED))
    assert node.manager.refusal(one) == ""


async def test_who_waits_hears_of_a_change():
    node = Node(BY_MEMORY, [], available=1)
    waiting = node.manager.changed()
    await node.manager.look()
    assert node.manager.conditions == {"MemoryPressure"}
    waiting.close()


def test_amounts_are_shown_as_go_shows_them():
    assert [words.binary(amount) for amount in (0, 500, 1024, 3 * MIB, 3 * MIB + 1)] == [
        "0",
        "500",
        "1Ki",
        "3Mi",
        "3145729",
    ]
