"""What a LimitRange gives, and what it refuses (https://kubernetes.io/docs/concepts/policy/limit-range/)."""

from typing import Any

import pytest

from apiserver.conftest import Api
from apiserver.samples import PODS, pod

RANGES = "/api/v1/namespaces/default/limitranges"
Json = dict[str, Any]


@pytest.fixture(autouse=True)
async def account(api: Api) -> None:
    await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})


async def bound(api: Api, **limit: Any) -> None:
    made = await api.post(RANGES, {"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Container"} | limit]}})
    assert made.code == 201, made.body


def asking(requests: Json, limits: Json) -> Json:
    made = pod()
    made["spec"]["containers"][0]["resources"] = {"requests": requests, "limits": limits}
    return made


async def test_containers_that_ask_for_nothing_get_the_defaults(api: Api) -> None:
    await bound(api, default={"cpu": "500m", "memory": "200Mi"}, defaultRequest={"cpu": "100m", "memory": "200Mi"})
    made = (await api.post(PODS, pod(initContainers=[{"name": "first", "image": "busybox:1"}]))).body
    wanted = {"requests": {"cpu": "100m", "memory": "200Mi"}, "limits": {"cpu": "500m", "memory": "200Mi"}}
    assert made["spec"]["containers"][0]["resources"] == made["spec"]["initContainers"][0]["resources"] == wanted
    assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: cpu, memory request for container main; cpu, memory limit for container main; "
        "cpu, memory request for init container first; cpu, memory limit for init container first"
    )
    assert made["status"]["qosClass"] == "Burstable"


async def test_what_a_container_says_itself_stays(api: Api) -> None:
    await bound(api, default={"cpu": "500m"}, defaultRequest={"cpu": "100m"})
    made = (await api.post(PODS, asking({"cpu": "200m"}, {"memory": "1Gi"}))).body
    assert made["spec"]["containers"][0]["resources"] == {
        "requests": {"cpu": "200m", "memory": "1Gi"},
        "limits": {"cpu": "500m", "memory": "1Gi"},
    }


@pytest.mark.parametrize(
    ("limit", "asked", "why"),
    [
        (
            {"min": {"cpu": "100m"}, "defaultRequest": {"cpu": "200m"}},
            asking({"cpu": "50m"}, {}),
            "minimum cpu usage per Container is 100m, but request is 50m",
        ),
        (
            {"max": {"memory": "1Gi"}},
            asking({}, {"memory": "2Gi"}),
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            asking({"cpu": "100m"}, {"cpu": "1"}),
            "cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            asking({}, {}),
            "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
        ),
        (
            {"type": "Pod", "max": {"cpu": "1"}},
            asking({"cpu": "1"}, {}),
            "maximum cpu usage per Pod is 1.  No limit is specified",
        ),
        (
            {"type": "Pod", "min": {"cpu": "1"}},
            asking({}, {}),
            "minimum cpu usage per Pod is 1.  No request is specified",
        ),
        (
            {"type": "Pod", "min": {"cpu": "2"}, "max": {"memory": "1Gi"}},
            asking({"cpu": "1"}, {"memory": "2Gi"}),
            "[minimum cpu usage per Pod is 2, but request is 1, maximum memory usage per Pod is 1Gi, but limit is 2Gi]",
        ),
    ],
)
async def test_too_little_and_too_much_is_refused(api: Api, limit: Json, asked: Json, why: str) -> None:
    await bound(api, **limit)
    refused = await api.post(PODS, asked)
    assert (refused.code, refused.message) == (403, f'pods "one" is forbidden: {why}')


async def test_an_invalid_pod_is_called_that_first(api: Api) -> None:
    await bound(api, max={"cpu": "1"})
    refused = await api.post(PODS, asking({"cpu": "3"}, {"cpu": "2"}))
    assert refused.code == 422


async def test_a_pod_that_is_there_may_change(api: Api) -> None:
    await api.post(PODS, pod())
    await bound(api, type="Pod", min={"cpu": "1"})
    assert (await api.patch(f"{PODS}/one", {"metadata": {"labels": {"a": "b"}}})).code == 200


async def test_limit_ranges_get_their_own_defaults(api: Api) -> None:
    await bound(api, max={"cpu": "2"}, min={"cpu": "1", "memory": "1Mi"})
    limit = (await api.get(f"{RANGES}/l")).body["spec"]["limits"][0]
    assert (limit["default"], limit["defaultRequest"]) == ({"cpu": "2"}, {"cpu": "2", "memory": "1Mi"})


async def test_they_are_listed_patched_and_deleted_as_a_collection(api: Api) -> None:
    await bound(api, max={"cpu": "2"})
    patched = await api.patch(f"{RANGES}/l", {"metadata": {"labels": {"a": "b"}}}, "strategic")
    assert patched.body["metadata"]["labels"] == {"a": "b"}
    listed = await api.get("/api/v1/limitranges?labelSelector=a%3Db")
    assert len(listed.body["items"]) == 1
    assert (await api.delete(f"{RANGES}?labelSelector=a%3Db")).code == 200
    assert (await api.get(RANGES)).body["items"] == []


async def test_they_are_described(kubectl: Any, api: Api) -> None:
    await bound(api, max={"cpu": "2"}, min={"cpu": "1"})
    assert "Container   cpu       1    2    2                2" in await kubectl("describe", "limits", "l")
