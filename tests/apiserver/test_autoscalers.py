"""HorizontalPodAutoscalers in both versions: whoever writes one reads the same in the other.

What v1 has no field for is in its annotations, as between Kubernetes' own versions.
"""

from typing import Any

import orjson
import pytest

from apiserver.conftest import Api, Kubectl
from podvisor.apiserver.kinds.autoscaling import conversion

OLD, NEW = (f"/apis/autoscaling/{version}/namespaces/default/horizontalpodautoscalers" for version in ("v1", "v2"))
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
PREFIX = "autoscaling.alpha.kubernetes.io/"
SELECTOR = {"matchLabels": {"a": "b"}}
METRICS: list[dict[str, Any]] = [
    {"type": "Resource", "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}}},
    {
        "type": "ContainerResource",
        "containerResource": {
            "name": "cpu",
            "container": "main",
            "target": {"type": "Utilization", "averageUtilization": 30},
        },
    },
    {"type": "Pods", "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "100"}}},
    {
        "type": "Object",
        "object": {
            "describedObject": {"kind": "Service", "name": "web", "apiVersion": "v1"},
            "metric": {"name": "hits", "selector": SELECTOR},
            "target": {"type": "Value", "value": "2k"},
        },
    },
    {
        "type": "External",
        "external": {
            "metric": {"name": "queue", "selector": SELECTOR},
            "target": {"type": "AverageValue", "averageValue": "5"},
        },
    },
]


def hpa(name: str = "web", **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"scaleTargetRef": TARGET, "maxReplicas": 5} | spec}


async def test_what_v1_says_of_processors_is_a_metric_in_v2(api: Api):
    assert (await api.post(OLD, hpa(targetCPUUtilizationPercentage=70))).code == 201
    spec = (await api.get(f"{NEW}/web")).body["spec"]
    assert spec["metrics"] == [conversion.of_processors(70)]
    assert spec["minReplicas"] == 1


@pytest.mark.parametrize("path", [OLD, NEW])
async def test_without_metrics_processors_count(api: Api, path: str):
    await api.post(path, hpa())
    assert (await api.get(f"{OLD}/web")).body["spec"]["targetCPUUtilizationPercentage"] == 80
    assert (await api.get(f"{NEW}/web")).body["spec"]["metrics"] == [conversion.of_processors(80)]


async def test_what_v1_cannot_say_is_in_its_annotations(api: Api):
    behavior = {"scaleDown": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}}
    await api.post(NEW, hpa(metrics=[*METRICS, conversion.of_processors(60)], behavior=behavior))
    old = (await api.get(f"{OLD}/web")).body
    assert old["spec"] == {
        "scaleTargetRef": TARGET,
        "minReplicas": 1,
        "maxReplicas": 5,
        "targetCPUUtilizationPercentage": 60,
    }
    told = old["metadata"]["annotations"]
    assert [one["type"] for one in orjson.loads(told[f"{PREFIX}metrics"])] == [one["type"] for one in METRICS]
    assert orjson.loads(told[f"{PREFIX}behavior"])["ScaleDown"]["Policies"] == [
        {"Type": "Pods", "Value": 1, "PeriodSeconds": 60}
    ]


async def test_nothing_is_lost_by_who_writes_v1_back(api: Api):
    behavior = {"scaleUp": {"policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}]}}
    await api.post(NEW, hpa(metrics=METRICS, behavior=behavior))
    before = (await api.get(f"{NEW}/web")).body
    old = (await api.get(f"{OLD}/web")).body
    assert (await api.put(f"{OLD}/web", old | {"spec": old["spec"] | {"maxReplicas": 9}})).code == 200
    after = (await api.get(f"{NEW}/web")).body
    assert after["spec"] == before["spec"] | {"maxReplicas": 9}
    assert "annotations" not in after["metadata"]


async def test_statuses_and_conditions_are_seen_in_both(api: Api):
    await api.post(NEW, hpa())
    current = {"averageUtilization": 40, "averageValue": "400m"}
    metrics = [{"type": "Resource", "resource": {"name": "cpu", "current": current}}]
    ready = {"type": "AbleToScale", "status": "True", "lastTransitionTime": "2026-01-02T00:00:00Z", "reason": "Ready"}
    status = {"currentReplicas": 2, "desiredReplicas": 2, "currentMetrics": metrics, "conditions": [ready]}
    assert (await api.patch(f"{NEW}/web/status", {"status": status})).code == 200
    old = (await api.get(f"{OLD}/web")).body
    assert old["status"] == {"currentReplicas": 2, "desiredReplicas": 2, "currentCPUUtilizationPercentage": 40}
    assert orjson.loads(old["metadata"]["annotations"][f"{PREFIX}conditions"]) == [ready]
    await api.put(f"{OLD}/web/status", old)
    assert (await api.get(f"{NEW}/web")).body["status"] == status


async def test_v1_is_refused_in_the_words_of_what_is_stored(api: Api):
    refused = await api.post(OLD, hpa(targetCPUUtilizationPercentage=-5))
    assert refused.code == 422
    assert "spec.metrics[0].resource.target.averageUtilization: Invalid value: -5" in refused.message


async def test_an_annotation_that_says_nothing_legible_is_dropped():
    item = {"metadata": {"annotations": {f"{PREFIX}metrics": "{", f"{PREFIX}behavior": "[]", "own": "x"}}, "spec": {}}
    found = conversion.to_v2(item)
    assert found["metadata"]["annotations"] == {"own": "x"}
    assert found["spec"] == {"metrics": [conversion.of_processors(80)]}


async def test_the_preferred_version_is_the_newer(api: Api):
    group = (await api.get("/apis/autoscaling")).body
    assert group["preferredVersion"]["version"] == "v2"


async def test_kubectl_makes_and_shows_autoscalers(api: Api, kubectl: Kubectl):
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "x"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    await api.post("/apis/apps/v1/namespaces/default/deployments", {"metadata": {"name": "web"}, "spec": spec})
    await kubectl("autoscale", "deployment", "web", "--min=2", "--max=4", "--cpu-percent=60")
    lines = (await kubectl("get", "hpa")).splitlines()
    assert lines[0].split() == ["NAME", "REFERENCE", "TARGETS", "MINPODS", "MAXPODS", "REPLICAS", "AGE"]
    assert lines[1].split()[:7] == ["web", "Deployment/web", "cpu:", "<unknown>/60%", "2", "4", "0"]
    assert "Min replicas:" in await kubectl("describe", "hpa", "web")
