"""Where an autoscaler's metrics come from: metrics.k8s.io, custom.metrics.k8s.io and external.metrics.k8s.io.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#support-for-metrics-apis . Whatever is in the
way becomes an `Uncountable` in the controller's words.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from podvisor.controllers.replicacount import Reading, Uncountable
from podvisor.sdk import Client, Resource, Selection, codec, discovery, errors, selectors
from podvisor.sdk.objects.autoscaling import (
    CrossVersionObjectReference,
    MetricIdentifier,
    MetricValue,
    MetricValues,
    PodMetrics,
)
from podvisor.types import quantity

PODS = Resource("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", PodMetrics)
CUSTOM, EXTERNAL = "custom.metrics.k8s.io", "external.metrics.k8s.io"
_CUSTOM_VERSIONS = ("v1beta2", "v1beta1")
_WINDOW = timedelta(minutes=1)
"""Over which a metric was measured that does not say."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
Readings = Mapping[str, Reading]


class Metrics:
    """The three APIs of metrics, as one client sees them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of_resource(self, resource: str, chosen: Selection, container: str) -> Readings:
        """What each pod, or one container of each, uses. Raises Uncountable."""
        what = f"unable to get metrics for resource {resource}"
        try:
            found = (await self._client.list(PODS, chosen)).items
        except (errors.ApiError, errors.Unreachable) as error:
            raise Uncountable(f"{what}: unable to fetch metrics from resource metrics API: {error}") from error
        if not found:
            raise Uncountable(f"{what}: no metrics returned from resource metrics API")
        values = {one.metadata.name: (one, _sum(one, resource, container)) for one in found}
        return {
            name: Reading(value, one.timestamp or _LONG_AGO, _duration(one.window))
            for name, (one, value) in values.items()
            if value is not None
        }

    async def of_pods(self, metric: MetricIdentifier, chosen: Selection) -> Readings:
        """A metric of each pod. Raises Uncountable."""
        what = f"unable to get metric {metric.name}"
        query = {"labelSelector": chosen.labels} | _query(metric, "metricLabelSelector")
        found = await self._custom(f"{_segment(chosen.namespace)}/pods/*/{_segment(metric.name)}", query, what)
        if not found:
            raise Uncountable(f"{what}: no metrics returned from custom metrics API")
        return {one.described_object.name: _reading(one) for one in found}

    async def of_object(self, metric: MetricIdentifier, namespace: str, about: CrossVersionObjectReference) -> int:
        """A metric of one object. Raises Uncountable."""
        what = f"unable to get metric {metric.name}"
        where = f"on {about.kind} {namespace}/{about.name}"
        try:
            place = await self._place(namespace, about)
            path = f"{_segment(namespace)}/{place}/{_segment(metric.name)}"
            found = await self._custom(path, _query(metric, "metricLabelSelector"), what)
            if not found:
                raise Uncountable(f"{what}: no metrics returned from custom metrics API")
        except Uncountable as error:
            raise Uncountable(f"{error} {where}") from error
        return _milli(found[0])

    async def external(self, metric: MetricIdentifier, namespace: str) -> int:
        """The sum of a metric of something outside of the cluster. Raises Uncountable."""
        what = f"unable to get external metric {namespace}/{metric.name}/{shown(metric)}"
        path = f"/apis/{EXTERNAL}/v1beta1/namespaces/{_segment(namespace)}/{_segment(metric.name)}"
        try:
            body = await self._client.read(path, _query(metric, "labelSelector"))
        except (errors.ApiError, errors.Unreachable) as error:
            text = f"{error} (get {metric.name}.{EXTERNAL})" if isinstance(error, errors.NotFound) else str(error)
            raise Uncountable(f"{what}: unable to fetch metrics from external metrics API: {text}") from error
        found = codec.decode(body, MetricValues).items
        if not found:
            raise Uncountable(f"{what}: no metrics returned from external metrics API")
        return sum(_milli(one) for one in found)

    async def _custom(self, path: str, query: Mapping[str, str], what: str) -> list[MetricValue]:
        """Metrics in the first version of the custom metrics API that is there."""
        why: Exception | str = f"no custom metrics API ({CUSTOM}) registered"
        for version in _CUSTOM_VERSIONS:
            root = f"/apis/{CUSTOM}/{version}"
            try:
                await self._client.read(root)
            except errors.NotFound:
                continue
            except (errors.ApiError, errors.Unreachable) as error:
                why = error
                continue
            try:
                body = await self._client.read(f"{root}/namespaces/{path}", query)
                return codec.decode(body, MetricValues).items
            except (errors.ApiError, errors.Unreachable) as error:
                why = error
                break
        raise Uncountable(f"{what}: unable to fetch metrics from custom metrics API: {why}")

    async def _place(self, namespace: str, about: CrossVersionObjectReference) -> str:
        """Where an object's metrics are: below its resource, or for the namespace itself below `metrics`."""
        group = about.api_version.rpartition("/")[0]
        if (group, about.kind) == ("", "Namespace"):
            return "metrics"
        for one in (await discovery.discover(self._client)).served:
            if (one.resource.group, one.resource.kind) == (group, about.kind):
                return f"{_segment(str(one.resource))}/{_segment(about.name)}"
        raise Uncountable(f'no matches for kind "{about.kind}" in group "{group}"')


def shown(metric: MetricIdentifier) -> str:
    """A metric's selector as Go prints it."""
    if metric.selector is None:
        return "nil"
    chosen = metric.selector
    labels = "".join(f"{key}: {value}," for key, value in sorted(chosen.match_labels.items()))
    demands = "".join(
        f"LabelSelectorRequirement{{Key:{one.key},Operator:{one.operator},Values:[{' '.join(one.values)}],}},"
        for one in chosen.match_expressions
    )
    expressions = f"MatchExpressions:[]LabelSelectorRequirement{{{demands}}}"
    return f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},{expressions},}}"


def _sum(one: PodMetrics, resource: str, container: str) -> int | None:
    """What a pod uses; None where one of its containers does not say."""
    chosen = [each for each in one.containers if container in ("", each.name)]
    if not chosen or any(resource not in each.usage for each in chosen):
        return None
    return sum(quantity.parse(each.usage[resource]).milli for each in chosen)


def _query(metric: MetricIdentifier, name: str) -> dict[str, str]:
    return {name: selectors.text(metric.selector)} if metric.selector is not None else {}


def _segment(text: str) -> str:
    return quote(text, safe="")


def _reading(one: MetricValue) -> Reading:
    window = _WINDOW if one.window_seconds is None else timedelta(seconds=one.window_seconds)
    return Reading(_milli(one), one.timestamp or _LONG_AGO, window)


def _milli(one: MetricValue) -> int:
    return quantity.parse(one.value).milli


def _duration(text: str) -> timedelta:
    """A length of time as Go writes it: `1m0.5s`."""
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(text)))
