"""The figures in Prometheus' text format, under the kubelet's names: `/metrics/resource`, `/cadvisor` and `/probes`.

https://kubernetes.io/docs/reference/instrumentation/metrics/ and, for what cAdvisor has,
https://github.com/google/cadvisor/blob/master/docs/storage/prometheus.md
"""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from podvisor.node.metering.figures import Figures
from podvisor.node.metering.meter import Measured
from podvisor.node.metering.outcomes import Outcomes
from podvisor.node.metering.samples import BILLION, Use

CONTENT_TYPE = CONTENT_TYPE_LATEST
_CONTAINER = ("container", "namespace", "pod")
_POD = ("namespace", "pod")
_CADVISOR = (*_CONTAINER, "id", "image", "name")


def resource(figures: Figures) -> bytes:
    """Processor time and memory of machine, pods and containers: `/metrics/resource`."""
    return _text(_of_resources(figures))


def cadvisor(figures: Figures) -> bytes:
    """What dashboards ask of cAdvisor: `/metrics/cadvisor`."""
    return _text(_of_containers(figures))


def probes(outcomes: Outcomes) -> bytes:
    """How often probes were asked, and what they answered: `/metrics/probes`."""
    total = CounterMetricFamily(
        "prober_probe_total", "Probes by result.", labels=("probe_type", "result", *_CONTAINER, "pod_uid")
    )
    for key, count in sorted(outcomes.counts.items()):
        total.add_metric([key.kind, key.result, key.container, key.namespace, key.pod, key.uid], count)
    return _text([total])


def _of_resources(figures: Figures) -> Iterator[Metric]:
    machine = figures.machine
    at = machine.time.timestamp()
    for name, what, value in (
        ("node_cpu_usage_seconds", "Processor time of the machine.", machine.use.cpu / BILLION),
        ("node_memory_working_set_bytes", "Memory that the machine holds.", machine.use.memory),
        ("node_swap_usage_bytes", "Swap that the node's pods use.", 0),
    ):
        family = _family(name, what)
        family.add_metric([], value, timestamp=at)
        yield family
    yield from _usage("container", _CONTAINER, list(_containers(figures.pods)))
    started = _family("container_start_time_seconds", "When the container began.", *_CONTAINER)
    for one, name, use in _containers(figures.pods):
        started.add_metric(_labels(one, name), use.started.timestamp(), timestamp=one.last.time.timestamp())
    yield started
    yield from _usage("pod", _POD, [(one, "", one.last.whole) for one in figures.pods])
    for name in ("resource_scrape_error", "scrape_error"):
        yield GaugeMetricFamily(name, "1 if the figures could not be had, 0 otherwise.", value=0)


def _usage(what: str, labels: Sequence[str], uses: Sequence[tuple[Measured, str, Use]]) -> Iterator[Metric]:
    cpu = _family(f"{what}_cpu_usage_seconds", f"Processor time of the {what}.", *labels)
    memory = _family(f"{what}_memory_working_set_bytes", f"Memory that the {what} holds.", *labels)
    swap = _family(f"{what}_swap_usage_bytes", f"Swap that the {what} uses.", *labels)
    for one, name, use in uses:
        at = one.last.time.timestamp()
        for family, value in ((cpu, use.cpu / BILLION), (memory, use.memory), (swap, 0)):
            family.add_metric(_labels(one, name), value, timestamp=at)
    yield from (cpu, memory, swap)


def _family(name: str, what: str, *labels: str) -> CounterMetricFamily | GaugeMetricFamily:
    """A counter where the name is one of a sum of seconds, which gets `_total`."""
    if name.endswith("usage_seconds"):
        return CounterMetricFamily(name, what, labels=labels)
    return GaugeMetricFamily(name, what, labels=labels)


def _containers(pods: Sequence[Measured]) -> Iterator[tuple[Measured, str, Use]]:
    for one in pods:
        for name, use in one.last.containers.items():
            yield one, name, use


def _labels(one: Measured, container: str) -> list[str]:
    own = [one.pod.metadata.namespace, one.pod.metadata.name]
    return [container, *own] if container else own


def _of_containers(figures: Figures) -> Iterator[Metric]:
    cpu = CounterMetricFamily(
        "container_cpu_usage_seconds", "Processor time of the container.", labels=(*_CADVISOR, "cpu")
    )
    working = GaugeMetricFamily("container_memory_working_set_bytes", "Memory that is held.", labels=_CADVISOR)
    usage = GaugeMetricFamily("container_memory_usage_bytes", "Memory that is held, caches included.", labels=_CADVISOR)
    root = GaugeMetricFamily("container_fs_usage_bytes", "What was written to the root.", labels=_CADVISOR)
    processes = GaugeMetricFamily("container_processes", "How many processes there are.", labels=_CADVISOR)
    started = GaugeMetricFamily("container_start_time_seconds", "When the container began.", labels=_CADVISOR)
    for one, name, use in _containers(figures.pods):
        labels = _described(one, name)
        cpu.add_metric([*labels, "total"], use.cpu / BILLION)
        working.add_metric(labels, use.memory)
        usage.add_metric(labels, use.memory)
        root.add_metric(labels, use.root)
        processes.add_metric(labels, use.processes)
        started.add_metric(labels, use.started.timestamp())
    yield from (cpu, working, usage, root, processes, started)
    yield from _network(figures.pods)


def _network(pods: Sequence[Measured]) -> Iterator[Metric]:
    labels = (*_CADVISOR, "interface")
    received = CounterMetricFamily("container_network_receive_bytes", "What came into the pod.", labels=labels)
    sent = CounterMetricFamily("container_network_transmit_bytes", "What left the pod.", labels=labels)
    for one in pods:
        own = ["", one.pod.metadata.namespace, one.pod.metadata.name, f"/pod/{one.pod.metadata.uid}", "", "", "eth0"]
        received.add_metric(own, one.last.network.received)
        sent.add_metric(own, one.last.network.sent)
    yield from (received, sent)


def _described(one: Measured, container: str) -> list[str]:
    meta = one.pod.metadata
    place = f"/pod/{meta.uid}/{container}"
    return [container, meta.namespace, meta.name, place, one.pod.container(container).image, container]


def _text(metrics: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Reading(metrics))
    return generate_latest(registry)


class _Reading(Collector):
    """The state of one moment, as prometheus_client wants to be given it."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        """See Collector."""
        return self._metrics
