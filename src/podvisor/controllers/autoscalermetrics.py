"""What each metric of an autoscaler says: how many replicas it asks for, and how the status shows it.

The texts are those of kube-controller-manager's `podautoscaler`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from podvisor.controllers import metricsources, replicacount
from podvisor.controllers.metricsources import Metrics
from podvisor.controllers.replicacount import Measured, Proposal, Uncountable
from podvisor.sdk import Selection, codec
from podvisor.sdk.objects.autoscaling import MetricSource, MetricSpec
from podvisor.sdk.objects.core import Pod
from podvisor.types import quantity

Json = dict[str, Any]
_NEITHER = "neither an average utilization target nor an average value (usage) target was set"


class Failed(Exception):
    """A metric could not be had. The text is what the controller says of it; event and condition say `why`."""

    def __init__(self, reason: str, why: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        self.why = why


@dataclass(frozen=True, slots=True)
class Found:
    """What a metric asks for."""

    replicas: int
    name: str
    """As events name it."""
    status: Json


@dataclass(frozen=True, slots=True)
class Situation:
    """The target as it is now."""

    chosen: Selection
    """Its pods."""
    pods: Sequence[Pod]
    wanted: int
    """`spec.replicas` of its scale."""
    present: int
    """`status.replicas` of its scale."""
    now: datetime


Evaluate = Callable[[MetricSource, Situation, Metrics], Awaitable[Found]]


async def evaluate(spec: MetricSpec, situation: Situation, metrics: Metrics) -> Found:
    """One metric. Raises Failed."""
    found = _SOURCES.get(spec.type)
    source = getattr(spec, found[0], None) if found is not None else None
    if found is None or source is None:
        why = f'unknown metric source type "{spec.type}"'
        raise Failed("InvalidMetricSourceType", why, why)
    return await found[1](source, situation, metrics)


async def _resource(source: MetricSource, situation: Situation, metrics: Metrics) -> Found:
    try:
        proposal, name = await _of_resource(source, situation, metrics)
    except Uncountable as error:
        text = f"failed to get {source.name} resource metric value: {error}"
        raise Failed("FailedGetResourceMetric", str(error), text) from error
    status = {"type": "Resource", "resource": {"name": source.name, "current": _current(proposal)}}
    return Found(proposal.replicas, name, status)


async def _container(source: MetricSource, situation: Situation, metrics: Metrics) -> Found:
    try:
        proposal, name = await _of_resource(source, situation, metrics)
    except Uncountable as error:
        text = f"failed to get {source.container} container metric value: {error}"
        raise Failed("FailedGetContainerResourceMetric", str(error), text) from error
    shown = {"name": source.name, "container": source.container, "current": _current(proposal)}
    return Found(proposal.replicas, name, {"type": "ContainerResource", "containerResource": shown})


async def _of_resource(source: MetricSource, situation: Situation, metrics: Metrics) -> tuple[Proposal, str]:
    resource, target = source.name, source.target
    usage = target.average_value is not None
    if not usage and target.average_utilization is None:
        raise Uncountable(f"invalid resource metric source: {_NEITHER}")
    try:
        readings = await metrics.of_resource(resource, situation.chosen, source.container)
        measured = Measured(situation.pods, readings, situation.now, of_processors=resource == "cpu")
        if usage:
            proposal = replicacount.by_average(measured, situation.wanted, _milli(target.average_value))
            return proposal, f"{resource} resource"

        def requested() -> Mapping[str, int]:
            return replicacount.requests_of(situation.pods, resource, source.container)

        proposal = replicacount.by_utilization(measured, situation.wanted, target.average_utilization or 1, requested)
    except Uncountable as error:
        raise Uncountable(f"failed to get {resource} {'usage' if usage else 'utilization'}: {error}") from error
    kind = "container resource" if source.container else "resource"
    return proposal, f"{resource} {kind} utilization (percentage of request)"


async def _pods(source: MetricSource, situation: Situation, metrics: Metrics) -> Found:
    try:
        readings = await metrics.of_pods(source.metric, situation.chosen)
        measured = Measured(situation.pods, readings, situation.now)
        proposal = replicacount.by_average(measured, situation.wanted, _milli(source.target.average_value))
    except Uncountable as error:
        raise Failed("FailedGetPodsMetric", str(error), f"failed to get pods metric value: {error}") from error
    shown = {"metric": _identifier(source), "current": {"averageValue": _quantity(proposal.average)}}
    return Found(proposal.replicas, f"pods metric {source.metric.name}", {"type": "Pods", "pods": shown})


async def _object(source: MetricSource, situation: Situation, metrics: Metrics) -> Found:
    target, metric, about = source.target, source.metric, source.described_object
    each = target.type != "Value" or target.value is None
    try:
        usage = await metrics.of_object(metric, situation.chosen.namespace, about)
        proposal = _of_value(source, situation, usage, each=each)
    except Uncountable as error:
        inner = f"failed to get {metric.name} object metric: {error}" if each else str(error)
        raise Failed("FailedGetObjectMetric", str(error), f"failed to get object metric value: {inner}") from error
    current = {"averageValue" if each else "value": _quantity(proposal.average)}
    shown = {"metric": _identifier(source), "describedObject": _plain(about), "current": current}
    name = _external_name(source) if each else f"{about.kind} metric {metric.name}"
    return Found(proposal.replicas, name, {"type": "Object", "object": shown})


async def _external(source: MetricSource, situation: Situation, metrics: Metrics) -> Found:
    metric, each = source.metric, source.target.average_value is not None
    try:
        usage = await metrics.external(metric, situation.chosen.namespace)
        proposal = _of_value(source, situation, usage, each=each)
    except Uncountable as error:
        what = f"{metric.name} external metric" if each else f"external metric {metric.name}"
        text = f"failed to get {metric.name} external metric value: failed to get {what}: {error}"
        raise Failed("FailedGetExternalMetric", str(error), text) from error
    current = {"averageValue" if each else "value": _quantity(proposal.average)}
    shown = {"metric": _identifier(source), "current": current}
    return Found(proposal.replicas, _external_name(source), {"type": "External", "external": shown})


def _of_value(source: MetricSource, situation: Situation, usage: int, *, each: bool) -> Proposal:
    if each:
        return replicacount.by_value_for_each(situation.present, usage, _milli(source.target.average_value))
    return replicacount.by_value(situation.pods, situation.wanted, usage, _milli(source.target.value))


_SOURCES: Mapping[str, tuple[str, Evaluate]] = {
    "Resource": ("resource", _resource),
    "ContainerResource": ("container_resource", _container),
    "Pods": ("pods", _pods),
    "Object": ("object", _object),
    "External": ("external", _external),
}
"""By the type of a metric the field that it needs, and what is made of that."""


def _external_name(source: MetricSource) -> str:
    return f"external metric {source.metric.name}({metricsources.shown(source.metric)})"


def _identifier(source: MetricSource) -> Json:
    return _plain(source.metric)


def _plain(view: object) -> Json:
    return codec.decode(codec.encode(view), Json)


def _current(proposal: Proposal) -> Json:
    used = {} if proposal.utilization is None else {"averageUtilization": proposal.utilization}
    return {"averageValue": _quantity(proposal.average)} | used


def _milli(amount: str | int | float | None) -> int:
    return quantity.parse(str(amount)).milli


def _quantity(milli: int) -> str:
    return str(quantity.parse(f"{milli}m"))
