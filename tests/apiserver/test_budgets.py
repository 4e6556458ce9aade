"""Evictions ask the pod's disruption budget; pods have the priority of their class."""

import pytest

from apiserver.conftest import Api
from apiserver.samples import PODS, pod

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
CLASSES = "/apis/scheduling.k8s.io/v1/priorityclasses"
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."


@pytest.fixture(autouse=True)
async def account(api: Api) -> None:
    await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})


async def add_pod(api: Api, ready: str = "True", name: str = "one") -> None:
    item = pod()
    item["metadata"] |= {"name": name, "labels": {"app": "web"}}
    assert (await api.post(PODS, item)).code == 201
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}
    assert (await api.patch(f"{PODS}/{name}/status", {"status": status})).code == 200


async def add_budget(api: Api, name: str = "web", allowed: int = 1, observed: int = 1, **more: object) -> None:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}} | more
    item = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}
    assert (await api.post(BUDGETS, item)).code == 201
    status = {"disruptionsAllowed": allowed, "currentHealthy": allowed, "desiredHealthy": 1, "expectedPods": 2}
    told = await api.patch(f"{BUDGETS}/{name}/status", {"status": status | {"observedGeneration": observed}})
    assert told.code == 200, told.message


async def test_an_eviction_takes_from_the_budget(api: Api) -> None:
    await add_pod(api)
    await add_pod(api, name="two")
    await add_budget(api)
    assert (await api.post(f"{PODS}/one/eviction", {"metadata": {"name": "one"}})).code == 201
    left = (await api.get(f"{BUDGETS}/web")).body["status"]
    assert left["disruptionsAllowed"] == 0
    assert list(left["disruptedPods"]) == ["one"]
    refused = await api.post(f"{PODS}/two/eviction", {"metadata": {"name": "two"}})
    assert (refused.code, refused.message) == (429, REFUSED)
    cause = {
        "reason": "DisruptionBudget",
        "message": "The disruption budget web needs 1 healthy pods and has 1 currently",
    }
    assert refused.body["details"]["causes"] == [cause]
    assert (await api.get(f"{PODS}/two")).code == 200


async def test_a_dry_run_takes_nothing(api: Api) -> None:
    await add_pod(api)
    await add_budget(api)
    asked = {"metadata": {"name": "one"}, "deleteOptions": {"dryRun": ["All"]}}
    assert (await api.post(f"{PODS}/one/eviction", asked)).code == 201
    assert (await api.get(f"{BUDGETS}/web")).body["status"]["disruptionsAllowed"] == 1


async def test_a_budget_that_was_not_looked_at_yet_grants_nothing(api: Api) -> None:
    await add_pod(api)
    await add_budget(api, observed=0)
    refused = await api.post(f"{PODS}/one/eviction", {"metadata": {"name": "one"}})
    assert (refused.code, refused.body["details"]["retryAfterSeconds"]) == (429, 10)


async def test_two_budgets_over_a_pod_are_one_too_many(api: Api) -> None:
    await add_pod(api)
    await add_budget(api)
    await add_budget(api, name="other")
    refused = await api.post(f"{PODS}/one/eviction", {"metadata": {"name": "one"}})
    assert refused.code == 500
    assert "more than one PodDisruptionBudget" in refused.message


@pytest.mark.parametrize(
    ("allowed", "policy", "code"), [(0, "IfHealthyBudget", 429), (1, "IfHealthyBudget", 201), (0, "AlwaysAllow", 201)]
)
async def test_a_pod_that_is_not_ready_costs_nothing_where_the_rest_is_well(
    api: Api, allowed: int, policy: str, code: int
) -> None:
    await add_pod(api, ready="False")
    await add_budget(api, allowed=allowed, unhealthyPodEvictionPolicy=policy)
    assert (await api.post(f"{PODS}/one/eviction", {"metadata": {"name": "one"}})).code == code
    assert (await api.get(f"{BUDGETS}/web")).body["status"]["disruptionsAllowed"] == allowed


async def test_the_system_has_its_priorities(api: Api) -> None:
    listed = (await api.get(CLASSES)).body["items"]
    assert {one["metadata"]["name"]: one["value"] for one in listed} == {
        "system-cluster-critical": 2_000_000_000,
        "system-node-critical": 2_000_001_000,
    }


async def test_a_pod_has_the_priority_of_its_class_or_of_the_default(api: Api) -> None:
    kind = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
    await api.post(CLASSES, kind | {"metadata": {"name": "high"}, "value": 1000, "preemptionPolicy": "Never"})
    item = pod()
    item["spec"]["priorityClassName"] = "high"
    made = (await api.post(PODS, item)).body["spec"]
    assert (made["priority"], made["preemptionPolicy"]) == (1000, "Never")
    await api.post(CLASSES, kind | {"metadata": {"name": "usual"}, "value": 7, "globalDefault": True})
    item = pod()
    item["metadata"]["name"] = "two"
    made = (await api.post(PODS, item)).body["spec"]
    assert (made["priority"], made["priorityClassName"]) == (7, "usual")
    item["spec"]["priorityClassName"] = "none"
    assert "no PriorityClass with name none was found" in (await api.post(PODS, item)).message
