"""What this server has done, at `/metrics`, under the names that dashboards and alerts for Kubernetes ask for.

https://kubernetes.io/docs/reference/instrumentation/metrics/
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from podvisor.apiserver.metrics import LABELS, Metrics

CONTENT_TYPE = CONTENT_TYPE_LATEST
_VERSION = {"major": "major", "minor": "minor", "gitVersion": "git_version", "platform": "platform"}


def text(metrics: Metrics, objects: Mapping[str, int], version: Mapping[str, str]) -> bytes:
    """All of it in Prometheus' text format, with how many objects of each resource are stored."""
    reading = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=reading)
    PlatformCollector(registry=reading)
    stored = _gauge("apiserver_storage_objects", "Objects that are stored.", "resource")
    for name, count in objects.items():
        stored.add_metric([name], count)
    build = _gauge("kubernetes_build_info", "Whose API this is.", *_VERSION.values())
    build.add_metric([version[name] for name in _VERSION], 1)
    reading.register(_Reading([*_answered(metrics), *_running(metrics), stored, build]))
    return generate_latest(reading)


def _gauge(name: str, what: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, labels=labels)


def _answered(metrics: Metrics) -> Iterator[Metric]:
    name, what = "apiserver_request_total", "Requests by verb, resource and answer."
    total = CounterMetricFamily(name, what, labels=("dry_run", "code", *LABELS))
    for (request, dry, code), count in metrics.codes.items():
        total.add_metric(["All" if dry else "", str(code), *request.labels], count)
    yield total
    name, what = "apiserver_request_duration_seconds", "How long requests took."
    durations = HistogramMetricFamily(name, what, labels=LABELS)
    for request, found in metrics.durations.items():
        durations.add_metric(request.labels, found.buckets(), found.total)
    yield durations


def _running(metrics: Metrics) -> Iterator[Metric]:
    long = _gauge("apiserver_longrunning_requests", "Watches and streams that run now.", *LABELS)
    short = {"mutating": 0, "readOnly": 0}
    for request, count in metrics.running.items():
        if request.is_long:
            long.add_metric(request.labels, count)
        else:
            short["mutating" if request.changes else "readOnly"] += count
    yield long
    inflight = _gauge("apiserver_current_inflight_requests", "Other requests that run now.", "request_kind")
    for kind, count in short.items():
        inflight.add_metric([kind], count)
    yield inflight


class _Reading(Collector):
    """The state of one moment, as prometheus_client wants to be given it."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """See Collector."""
        return self._metrics
