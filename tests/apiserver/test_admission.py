"""What happens to new pods by looking at other objects."""

from typing import Any

import pytest

from apiserver.conftest import Api
from apiserver.samples import PODS, pod

CLASSES = "/apis/node.k8s.io/v1/runtimeclasses"


@pytest.fixture(autouse=True)
async def account(api: Api) -> None:
    await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})


async def runtime_class(api: Api, **content: Any) -> None:
    made = await api.post(CLASSES, {"metadata": {"name": "small"}, "handler": "podvisor", **content})
    assert made.code == 201, made.body


async def test_a_pod_of_a_runtime_class_that_is_not_there_is_refused(api: Api) -> None:
    refused = await api.post(PODS, pod(runtimeClassName="small"))
    assert (refused.code, refused.message) == (
        403,
        'pods "one" is forbidden: pod rejected: RuntimeClass "small" not found',
    )
    await runtime_class(api)
    made = await api.post(PODS, pod(runtimeClassName="small"))
    assert (made.code, "overhead" in made.body["spec"]) == (201, False)


async def test_a_runtime_class_says_what_its_pods_take_and_where_they_may_run(api: Api) -> None:
    toleration = {"key": "small", "operator": "Exists", "effect": "NoSchedule"}
    scheduling = {"nodeSelector": {"size": "small"}, "tolerations": [toleration]}
    await runtime_class(api, overhead={"podFixed": {"cpu": "250m"}}, scheduling=scheduling)
    spec = (await api.post(PODS, pod(runtimeClassName="small", nodeSelector={"disk": "ssd"}))).body["spec"]
    assert spec["overhead"] == {"cpu": "250m"}
    assert spec["nodeSelector"] == {"disk": "ssd", "size": "small"}
    assert toleration in spec["tolerations"]


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            {"runtimeClassName": "small", "overhead": {"cpu": "1"}},
            "Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ),
        ({"overhead": {"cpu": "1"}}, "Pod Overhead set without corresponding RuntimeClass defined Overhead"),
        (
            {"runtimeClassName": "small", "nodeSelector": {"size": "large"}},
            "conflict: runtimeClass.scheduling.nodeSelector[size] = small; pod.spec.nodeSelector[size] = large",
        ),
    ],
)
async def test_a_pod_may_not_contradict_its_runtime_class(api: Api, spec: dict[str, Any], why: str) -> None:
    await runtime_class(api, overhead={"podFixed": {"cpu": "250m"}}, scheduling={"nodeSelector": {"size": "small"}})
    refused = await api.post(PODS, pod(**spec))
    assert (refused.code, refused.message) == (403, f'pods "one" is forbidden: pod rejected: {why}')
