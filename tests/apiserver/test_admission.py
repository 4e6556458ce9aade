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


async def test_an_ingress_without_a_class_gets_the_default(api: Api) -> None:
    classes, path = (
        "/apis/networking.k8s.io/v1/ingressclasses",
        "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
    )

    async def made(name: str, annotations: dict[str, str] | None = None, **spec: Any) -> str | None:
        backend = {"service": {"name": "s", "port": {"number": 80}}}
        metadata = {"name": name, "annotations": annotations or {}}
        reply = await api.post(path, {"metadata": metadata, "spec": {"defaultBackend": backend, **spec}})
        assert reply.code == 201, reply.body
        return reply.body["spec"].get("ingressClassName")

    assert await made("before") is None
    for name, default in (("a", "false"), ("b", "true"), ("c", "true")):
        annotations = {"ingressclass.kubernetes.io/is-default-class": default}
        item = {"metadata": {"name": name, "annotations": annotations}, "spec": {"controller": "example.com/x"}}
        assert (await api.post(classes, item)).code == 201
    # The newest, of several that are as new the first by name.
    assert await made("one") in ("b", "c")
    assert await made("two", ingressClassName="a") == "a"
    assert await made("three", {"kubernetes.io/ingress.class": "x"}) is None


async def test_there_is_one_default_priority(api: Api) -> None:
    path = "/apis/scheduling.k8s.io/v1/priorityclasses"
    assert (await api.post(path, {"metadata": {"name": "a"}, "value": 1, "globalDefault": True})).code == 201
    assert (await api.post(path, {"metadata": {"name": "b"}, "value": 1})).code == 201
    why = "PriorityClass a is already marked as default. Only one default can exist"
    refused = 'priorityclasses.scheduling.k8s.io "b" is forbidden: ' + why
    assert (await api.patch(f"{path}/b", {"globalDefault": True})).message == refused
    assert (await api.patch(f"{path}/a", {"description": "the usual"})).code == 200
