"""Keeps the replicas of each HorizontalPodAutoscaler's target fit for its metrics.

https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ . How many replicas a metric asks for is in
`replicacount`, how fast they may change in `scalinglimits`; events and conditions are kube-controller-manager's.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from podvisor.controllers import autoscalermetrics, scalinglimits
from podvisor.controllers.autoscalermetrics import Failed, Found, Situation
from podvisor.controllers.loop import Cluster
from podvisor.controllers.metricsources import Metrics
from podvisor.controllers.scalinglimits import Bounds, History, Moment, Why
from podvisor.sdk import STATUS, Key, Selection, WriteOptions, conditions, discovery, errors, key_of, kinds
from podvisor.sdk.objects.autoscaling import HorizontalPodAutoscaler, Scale
from podvisor.sdk.objects.meta import Condition, seconds
from podvisor.sdk.resource import Resource
from podvisor.types import selectors
from podvisor.types.selectors import Selector

PERIOD = 15.0
"""Seconds between looks at each (`--horizontal-pod-autoscaler-sync-period`)."""
NAMESPACE = "namespace"
_SCALE = WriteOptions(subresource="scale")
_GOT = ("SucceededGetScale", "the HPA controller was able to get the target's current scale")
_NO_SELECTOR = ("InvalidSelector", "the HPA target's scale is missing a selector")
_DISABLED = ("ScalingDisabled", "scaling is disabled since the replica count of the target is zero")
_UNABLE = "the HPA controller was unable to"
Json = dict[str, Any]


class _Stopped(Exception):
    """Nothing more can be done for an autoscaler now: a condition of it says why."""


@dataclass(slots=True)
class _Look:
    """One look at an autoscaler: what its status is to say."""

    hpa: HorizontalPodAutoscaler
    now: datetime
    conditions: list[Condition]
    current: int = 0
    desired: int = 0
    metrics: list[Json] = field(default_factory=list[Json])
    scaled: bool = False

    def say(self, type: str, status: str, why: Why) -> None:
        """Set a condition; the time is that of the last change of its status."""
        old = conditions.find(self.conditions, type)
        since = old.last_transition_time if old is not None and old.status == status else self.now
        told = Condition(type=type, status=status, reason=why[0], message=why[1], last_transition_time=since)
        self.conditions = [told if one.type == type else one for one in self.conditions]
        if old is None:
            self.conditions.append(told)

    def status(self) -> Json:
        """The whole status, as a merge patch takes it."""
        last = self.now if self.scaled else self.hpa.status.last_scale_time
        return {
            "currentReplicas": self.current,
            "desiredReplicas": self.desired,
            "lastScaleTime": seconds(last) if last is not None else None,
            "currentMetrics": self.metrics or None,
            "conditions": [conditions.plain(one) for one in self.conditions],
        }


class Autoscalers:
    """The loop over HorizontalPodAutoscalers."""

    name = "horizontal-pod-autoscaler"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._clock = cluster.clock
        self._client = cluster.client
        self._metrics = Metrics(cluster.client)
        self._events = cluster.recorder(self.name)
        self._autoscalers = cluster.informers.of(kinds.HORIZONTALPODAUTOSCALERS)
        self._pods = cluster.informers.of(kinds.PODS)
        self._pods.cache.add_index(NAMESPACE, lambda pod: [pod.metadata.namespace])
        self._histories: dict[Key, History] = {}
        self._selectors: dict[Key, Selector] = {}
        self._autoscalers.on_change(self._changed)

    async def reconcile(self, key: Key) -> None:
        """Look at one autoscaler, and scale its target where that is due."""
        await self._pods.wait_synced()
        hpa = self._autoscalers.cache.get(key)
        if hpa is None:
            for known in (self._histories, self._selectors):
                known.pop(key, None)
            return
        self.queue.add_after(key, PERIOD)
        look = _Look(hpa, self._clock.now(), list(hpa.status.conditions))
        look.current, look.desired = hpa.status.current_replicas, hpa.status.desired_replicas
        look.metrics = list(hpa.status.current_metrics or ())
        with suppress(_Stopped):
            await self._look(look)
        await self._report(look)

    async def _look(self, look: _Look) -> None:
        """Raises _Stopped."""
        resource, scale = await self._scale(look)
        look.say("AbleToScale", "True", _GOT)
        spec, current = look.hpa.spec, scale.spec.replicas
        history = self._histories.setdefault(key_of(look.hpa), History([Moment(look.now, current)]))
        least = 1 if spec.min_replicas is None else spec.min_replicas
        look.metrics = []
        look.current = current
        if current == 0 and least != 0:
            look.say("ScalingActive", "False", _DISABLED)
            look.desired = 0
        elif current > spec.max_replicas:
            await self._rescale(look, resource, spec.max_replicas, "Current number of replicas above Spec.MaxReplicas")
        elif current < least:
            await self._rescale(look, resource, least, "Current number of replicas below Spec.MinReplicas")
        else:
            found = await self._evaluate(look, scale)
            why = f"{found.name} above target" if found.replicas > current else "All metrics below target"
            bounds = Bounds(current, least, spec.max_replicas)
            decision = scalinglimits.decide(found.replicas, bounds, spec.behavior, history, look.now)
            look.say("AbleToScale", "True", decision.able)
            look.say("ScalingLimited", str(decision.is_limited), decision.limited)
            look.desired = current
            if decision.replicas != current:
                await self._rescale(look, resource, decision.replicas, why)

    async def _scale(self, look: _Look) -> tuple[Resource[Scale], Scale]:
        """The target's resource and its scale. Raises _Stopped."""
        target, namespace = look.hpa.spec.scale_target_ref, look.hpa.metadata.namespace
        try:
            resource = await self._resource(target.api_version, target.kind)
            return resource, await self._client.get(resource, target.name, namespace, subresource="scale")
        except (errors.ApiError, errors.Unreachable, LookupError) as error:
            text = str(error.args[0]) if isinstance(error, LookupError) else str(error)
            self._warn(look, "FailedGetScale", text)
            look.say("AbleToScale", "False", ("FailedGetScale", f"{_UNABLE} get the target's current scale: {text}"))
            raise _Stopped from error

    async def _resource(self, api_version: str, kind: str) -> Resource[Scale]:
        """A target's resource, in whatever version is preferred. Raises LookupError."""
        if api_version.count("/") > 1:
            raise LookupError(f"unexpected GroupVersion string: {api_version}")
        group = api_version.rpartition("/")[0]
        for one in _SCALED:
            if (one.group, one.kind) == (group, kind):
                return one.read_as(Scale)
        for one in (await discovery.discover(self._client)).served:
            if (one.resource.group, one.resource.kind) == (group, kind):
                return one.resource.read_as(Scale)
        raise LookupError(f'no matches for kind "{kind}" in group "{group}"')

    async def _evaluate(self, look: _Look, scale: Scale) -> Found:
        """What the metrics ask for together: the most. Raises _Stopped where they say too little to scale by."""
        situation = self._situation(look, scale)
        specs, failures = look.hpa.spec.metrics, list[Failed]()
        best: Found | None = None
        for spec in specs:
            try:
                found = await autoscalermetrics.evaluate(spec, situation, self._metrics)
            except Failed as failure:
                self._warn(look, failure.reason, failure.why)
                failures.append(failure)
                look.metrics.append({"type": ""})
                continue
            look.metrics.append(found.status)
            if best is None or found.replicas > best.replicas:
                best = found
        if best is None or (failures and best.replicas < scale.spec.replicas):
            self._give_up(look, failures, len(specs))
        assert best is not None
        text = f"the HPA was able to successfully calculate a replica count from {best.name}"
        look.say("ScalingActive", "True", ("ValidMetricFound", text))
        return best

    def _give_up(self, look: _Look, failures: Sequence[Failed], count: int) -> None:
        """Raises _Stopped."""
        first = failures[0]
        text = f"the HPA was unable to compute the replica count: {first.why}"
        look.say("ScalingActive", "False", (first.reason, text))
        failed = f"invalid metrics ({len(failures)} invalid out of {count}), first error is: {first}"
        self._warn(look, "FailedComputeMetricsReplicas", failed)
        raise _Stopped

    def _situation(self, look: _Look, scale: Scale) -> Situation:
        """Raises _Stopped where the target does not say which pods it has, or another autoscaler has them as well."""
        namespace, text = look.hpa.metadata.namespace, scale.status.selector
        if not text:
            self._refuse(look, "SelectorRequired", "selector is required", _NO_SELECTOR)
        try:
            selector = selectors.parse(text)
        except selectors.BadSelector as error:
            why = f"couldn't convert selector into a corresponding internal selector object: {error}"
            self._refuse(look, "InvalidSelector", why, ("InvalidSelector", why))
        else:
            self._selectors[key_of(look.hpa)] = selector
            every = self._pods.cache.indexed(NAMESPACE, namespace)
            pods = [pod for pod in every if selector.matches(pod.metadata.labels)]
            labels = [pod.metadata.labels for pod in pods]
            same = [key for key in self._selectors if key.namespace == namespace]
            keys = [key for key in same if any(self._selectors[key].matches(one) for one in labels)]
            if len(keys) > 1:
                names = " ".join(f"{key.namespace}/{key.name}" for key in sorted(keys))
                why = f"pods by selector {text} are controlled by multiple HPAs: [{names}]"
                self._refuse(look, "AmbiguousSelector", why, ("AmbiguousSelector", why))
            chosen = Selection(namespace, labels=text)
            return Situation(chosen, pods, scale.spec.replicas, scale.status.replicas, look.now)
        raise _Stopped

    def _refuse(self, look: _Look, reason: str, why: str, condition: Why) -> None:
        """Raises _Stopped."""
        self._warn(look, reason, why)
        look.say("ScalingActive", "False", condition)
        self._warn(look, "FailedComputeMetricsReplicas", why)
        raise _Stopped

    async def _rescale(self, look: _Look, resource: Resource[Scale], replicas: int, why: str) -> None:
        """Raises _Stopped."""
        key = Key(look.hpa.metadata.namespace, look.hpa.spec.scale_target_ref.name)
        try:
            await self._client.patch(resource, key, {"spec": {"replicas": replicas}}, _SCALE)
        except (errors.ApiError, errors.Unreachable) as error:
            self._warn(look, "FailedRescale", f"New size: {replicas}; reason: {why}; error: {error}")
            look.say("AbleToScale", "False", ("FailedUpdateScale", f"{_UNABLE} update the target scale: {error}"))
            raise _Stopped from error
        text = f"the HPA controller was able to update the target scale to {replicas}"
        look.say("AbleToScale", "True", ("SucceededRescale", text))
        self._events.normal(
            kinds.HORIZONTALPODAUTOSCALERS, look.hpa, "SuccessfulRescale", f"New size: {replicas}; reason: {why}"
        )
        self._histories[key_of(look.hpa)].note_scaling(look.current, replicas, look.hpa.spec.behavior, look.now)
        look.desired, look.scaled = replicas, True

    async def _report(self, look: _Look) -> None:
        """Write the status where it says something new."""
        before = look.hpa.status
        unchanged = (before.current_replicas, before.desired_replicas, before.current_metrics or []) == (
            look.current,
            look.desired,
            look.metrics,
        )
        if unchanged and not look.scaled and before.conditions == look.conditions:
            return
        patch = {"metadata": {"uid": look.hpa.metadata.uid}, "status": look.status()}
        await self._client.patch(kinds.HORIZONTALPODAUTOSCALERS, key_of(look.hpa), patch, STATUS)

    def _warn(self, look: _Look, reason: str, message: str) -> None:
        self._events.warning(kinds.HORIZONTALPODAUTOSCALERS, look.hpa, reason, message)

    def _changed(self, old: HorizontalPodAutoscaler | None, new: HorizontalPodAutoscaler | None) -> None:
        """What it asks for has changed, or it has come or gone; its status alone is what this loop has written."""
        if old is None or new is None or old.spec != new.spec:
            thing = new or old
            assert thing is not None
            self.queue.add(key_of(thing))


_SCALED: Sequence[Resource[Any]] = (
    kinds.DEPLOYMENTS,
    kinds.REPLICASETS,
    kinds.STATEFULSETS,
    kinds.REPLICATIONCONTROLLERS,
)
"""What is scaled without asking the server what it has."""
