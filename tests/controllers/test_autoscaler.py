"""HorizontalPodAutoscalers keep the replicas of their targets fit for their metrics.

Events and conditions are in kube-controller-manager's words, which people and alerts look for.
"""

from typing import Any

import pytest

from podvisor import sdk
from podvisor.controllers import metricsources
from podvisor.controllers.autoscaler import PERIOD
from podvisor.sdk import kinds
from podvisor.sdk.objects.meta import seconds
from podvisor.testing.memory import MemoryApi
from podvisor.testing.memory.kinds import BUILT_IN, Kind

from .conftest import World, deployment

HPA = kinds.HORIZONTALPODAUTOSCALERS
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}


@pytest.fixture
def world(clock) -> World:
    """With metrics.k8s.io, in which a test puts what pods use."""
    return World(MemoryApi(clock, (*BUILT_IN, Kind(metricsources.PODS, ()))), clock)


class Scaled:
    """A Deployment `web`, its autoscaler and what its pods use."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def start(self, replicas: int = 2, request: str = "1", **spec: Any) -> None:
        wanted = deployment(replicas=replicas)
        container = wanted["spec"]["template"]["spec"]["containers"][0]
        container["resources"] = {"requests": {"cpu": request}} if request else {}
        await self.world.client.create(kinds.DEPLOYMENTS, wanted, "default")
        await self.world.settle()
        await self.world.make_ready()
        for pod in self.world.pods():
            await self.world.set_status(pod, startTime="2025-12-31T00:00:00Z")
        await self.autoscale(**spec)

    async def autoscale(self, name: str = "web", **spec: Any) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        base = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 10, "metrics": [CPU]}
        await self.world.client.create(HPA, {"metadata": {"name": name}, "spec": base | spec}, "default")
        await self.world.settle()

    def use(self, milli: int, container: str = "main") -> None:
        """Have every pod that runs use so much of a processor."""
        for pod in self.world.pods():
            if pod["status"].get("phase") == "Running":
                usage = {"name": container, "usage": {"cpu": f"{milli}m", "memory": "1Mi"}}
                meta = {"name": pod["metadata"]["name"], "labels": pod["metadata"]["labels"]}
                shown = {"metadata": meta, "timestamp": seconds(self.world.clock.now()), "window": "15s"}
                self.world.api.add(metricsources.PODS, shown | {"containers": [usage]})

    async def next(self) -> None:
        """The next look."""
        await self.world.clock.advance(PERIOD)
        await self.world.settle()

    @property
    def replicas(self) -> int:
        return self.world.one(kinds.DEPLOYMENTS, "web")["spec"]["replicas"]

    @property
    def status(self) -> dict[str, Any]:
        return self.world.one(HPA, "web")["status"]

    def condition(self, type: str) -> tuple[str, str, str]:
        found = next(one for one in self.status["conditions"] if one["type"] == type)
        return found["status"], found["reason"], found.get("message", "")


@pytest.fixture
async def scaled(world, running):
    async with running("deployment", "replicaset", "autoscaler"):
        yield Scaled(world)


async def test_replicas_grow_with_the_load(scaled):
    await scaled.start()
    scaled.use(1000)
    await scaled.next()
    assert scaled.replicas == 4
    assert scaled.status["currentMetrics"] == [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 100, "averageValue": "1"}}}
    ]
    assert (scaled.status["currentReplicas"], scaled.status["desiredReplicas"]) == (2, 4)
    reason = "cpu resource utilization (percentage of request) above target"
    assert scaled.world.messages("SuccessfulRescale") == [f"New size: 4; reason: {reason}"]
    told = "the HPA controller was able to update the target scale to 4"
    assert scaled.condition("AbleToScale") == ("True", "SucceededRescale", told)
    assert scaled.condition("ScalingLimited")[:2] == ("False", "DesiredWithinRange")
    metric = "cpu resource utilization (percentage of request)"
    found = f"the HPA was able to successfully calculate a replica count from {metric}"
    assert scaled.condition("ScalingActive") == ("True", "ValidMetricFound", found)


async def test_growth_is_bounded(scaled):
    await scaled.start(maxReplicas=3)
    scaled.use(4000)
    await scaled.next()
    assert scaled.replicas == 3
    assert scaled.condition("ScalingLimited")[:2] == ("True", "TooManyReplicas")


async def test_replicas_shrink_once_the_window_is_over(scaled):
    await scaled.start(replicas=4)
    scaled.use(100)
    await scaled.next()
    assert scaled.replicas == 4
    assert scaled.condition("AbleToScale")[:2] == ("True", "ScaleDownStabilized")
    for _ in range(21):
        scaled.use(100)
        await scaled.next()
    assert scaled.replicas == 1
    assert scaled.world.messages("SuccessfulRescale")[-1].endswith("reason: All metrics below target")


async def test_rules_make_shrinking_fast(scaled):
    policy = {"type": "Pods", "value": 1, "periodSeconds": 15}
    down = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [policy]}
    up = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [policy]}
    await scaled.start(replicas=4, behavior={"scaleDown": down, "scaleUp": up})
    scaled.use(100)
    await scaled.next()
    assert scaled.replicas == 3
    assert scaled.condition("ScalingLimited")[:2] == ("True", "ScaleDownLimit")


@pytest.mark.parametrize(
    ("replicas", "bounds", "expected", "reason"),
    [
        (1, {"minReplicas": 3}, 3, "Current number of replicas below Spec.MinReplicas"),
        (9, {"maxReplicas": 4}, 4, "Current number of replicas above Spec.MaxReplicas"),
    ],
)
async def test_bounds_hold_without_metrics(scaled, replicas, bounds, expected, reason):
    await scaled.start(replicas=replicas, **bounds)
    assert scaled.replicas == expected
    assert scaled.world.messages("SuccessfulRescale") == [f"New size: {expected}; reason: {reason}"]


async def test_a_target_of_zero_is_left_alone(scaled):
    await scaled.start(replicas=0)
    assert scaled.replicas == 0
    told = "scaling is disabled since the replica count of the target is zero"
    assert scaled.condition("ScalingActive") == ("False", "ScalingDisabled", told)


async def test_a_target_that_is_not_there_is_said(scaled):
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}
    await scaled.autoscale(scaleTargetRef=target)
    status, reason, message = scaled.condition("AbleToScale")
    assert (status, reason) == ("False", "FailedGetScale")
    assert message == (
        'the HPA controller was unable to get the target\'s current scale: deployments.apps "none" not found'
    )
    assert scaled.world.messages("FailedGetScale") == ['deployments.apps "none" not found']


async def test_a_kind_that_is_not_there_is_said(scaled):
    await scaled.autoscale(scaleTargetRef={"apiVersion": "example.com/v1", "kind": "Widget", "name": "x"})
    assert scaled.condition("AbleToScale")[2].endswith('no matches for kind "Widget" in group "example.com"')


async def test_without_metrics_nothing_changes(scaled):
    await scaled.start()
    await scaled.next()
    assert scaled.replicas == 2
    why = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: "
        "no metrics returned from resource metrics API"
    )
    told = f"the HPA was unable to compute the replica count: {why}"
    assert scaled.condition("ScalingActive") == ("False", "FailedGetResourceMetric", told)
    assert scaled.condition("AbleToScale")[:2] == ("True", "SucceededGetScale")
    assert why in scaled.world.messages("FailedGetResourceMetric")
    failed = f"invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: {why}"
    assert failed in scaled.world.messages("FailedComputeMetricsReplicas")


async def test_a_container_without_a_request_is_named(scaled):
    await scaled.start(request="")
    scaled.use(100)
    await scaled.next()
    pod = scaled.world.names(kinds.PODS)[0]
    assert f"missing request for cpu in container main of Pod {pod}" in scaled.condition("ScalingActive")[2]


async def test_one_container_can_be_what_counts(scaled):
    target = {"type": "Utilization", "averageUtilization": 50}
    metric = {"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "main", "target": target}}
    await scaled.start(metrics=[metric])
    scaled.use(1000)
    await scaled.next()
    assert scaled.replicas == 4
    assert scaled.status["currentMetrics"][0]["containerResource"]["container"] == "main"


async def test_an_average_value_can_be_the_target(scaled):
    target = {"type": "AverageValue", "averageValue": "200m"}
    await scaled.start(metrics=[{"type": "Resource", "resource": {"name": "cpu", "target": target}}])
    scaled.use(300)
    await scaled.next()
    assert scaled.replicas == 3
    assert scaled.world.messages("SuccessfulRescale") == ["New size: 3; reason: cpu resource above target"]


METRIC = {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "1"}}
ABOUT = {"describedObject": {"apiVersion": "v1", "kind": "Service", "name": "web"}}


@pytest.mark.parametrize(
    ("metric", "reason", "message"),
    [
        (
            {"type": "Pods", "pods": METRIC},
            "FailedGetPodsMetric",
            "unable to get metric rps: unable to fetch metrics from custom metrics API: "
            "no custom metrics API (custom.metrics.k8s.io) registered",
        ),
        (
            {"type": "Object", "object": METRIC | ABOUT},
            "FailedGetObjectMetric",
            "unable to get metric rps: unable to fetch metrics from custom metrics API: "
            "no custom metrics API (custom.metrics.k8s.io) registered on Service default/web",
        ),
        (
            {"type": "External", "external": METRIC},
            "FailedGetExternalMetric",
            "unable to get external metric default/rps/nil: unable to fetch metrics from external metrics API: ",
        ),
    ],
)
async def test_a_metrics_api_that_is_not_there_is_a_condition(scaled, metric, reason, message):
    await scaled.start(metrics=[metric])
    await scaled.next()
    status, told, text = scaled.condition("ScalingActive")
    assert (status, told) == ("False", reason)
    assert message in text
    assert scaled.replicas == 2


async def test_of_several_metrics_the_most_counts_and_one_may_fail(scaled):
    await scaled.start(metrics=[{"type": "Pods", "pods": METRIC}, CPU])
    scaled.use(1000)
    await scaled.next()
    assert scaled.replicas == 4
    assert scaled.condition("ScalingActive")[:2] == ("True", "ValidMetricFound")
    assert [one["type"] for one in scaled.status["currentMetrics"]] == ["", "Resource"]


async def test_nothing_shrinks_while_a_metric_fails(scaled):
    down = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}
    await scaled.start(
        replicas=4, metrics=[{"type": "Pods", "pods": METRIC}, CPU], behavior={"scaleDown": down, "scaleUp": down}
    )
    scaled.use(10)
    await scaled.next()
    assert scaled.replicas == 4
    assert scaled.condition("ScalingActive")[:2] == ("False", "FailedGetPodsMetric")


async def test_two_autoscalers_over_the_same_pods_do_nothing(scaled):
    await scaled.start()
    await scaled.autoscale("other")
    scaled.use(1000)
    await scaled.next()
    await scaled.next()
    told = "pods by selector app=web are controlled by multiple HPAs: [default/other default/web]"
    assert scaled.condition("ScalingActive") == ("False", "AmbiguousSelector", told)
    assert told in scaled.world.messages("AmbiguousSelector")


async def test_a_status_that_says_nothing_new_is_not_written(scaled):
    await scaled.start()
    scaled.use(500)
    await scaled.next()
    before = scaled.world.one(HPA, "web")["metadata"]["resourceVersion"]
    scaled.use(500)
    await scaled.next()
    assert scaled.world.one(HPA, "web")["metadata"]["resourceVersion"] == before


async def test_an_autoscaler_that_is_gone_scales_no_more(scaled):
    await scaled.start()
    await scaled.world.client.delete(HPA, sdk.Key("default", "web"))
    scaled.use(1000)
    await scaled.next()
    assert scaled.replicas == 2
