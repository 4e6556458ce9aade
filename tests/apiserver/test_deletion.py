"""delete and deletecollection: at once, gracefully, when finalizers are done."""

import pytest

from apiserver.conftest import Api
from apiserver.samples import DEPLOYMENTS, MAPS, PODS, config_map, deployment, pod


@pytest.fixture
async def account(api: Api) -> None:
    await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})


async def test_an_object_without_ties_is_gone_at_once(api: Api) -> None:
    made = (await api.post(MAPS, config_map())).body
    gone = await api.delete(f"{MAPS}/one")
    assert (gone.code, gone.body["status"]) == (200, "Success")
    assert gone.body["details"] == {"name": "one", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert (await api.delete(f"{MAPS}/one")).code == 404


async def test_finalizers_hold_an_object(api: Api) -> None:
    item = config_map()
    item["metadata"]["finalizers"] = ["example.com/wait"]
    await api.post(MAPS, item)
    held = await api.delete(f"{MAPS}/one")
    assert held.body["metadata"]["deletionGracePeriodSeconds"] == 0
    stamp = held.body["metadata"]["deletionTimestamp"]
    assert (await api.delete(f"{MAPS}/one")).body["metadata"]["deletionTimestamp"] == stamp
    more = await api.patch(f"{MAPS}/one", {"metadata": {"finalizers": ["example.com/wait", "example.com/more"]}})
    assert more.code == 422
    assert "no new finalizers can be added if the object is being deleted" in more.message
    last = await api.patch(f"{MAPS}/one", {"metadata": {"finalizers": None}})
    assert last.code == 200
    assert (await api.get(f"{MAPS}/one")).code == 404


async def test_preconditions(api: Api) -> None:
    made = (await api.post(MAPS, config_map())).body
    wrong = await api.delete(f"{MAPS}/one", {"preconditions": {"uid": "other"}})
    assert wrong.code == 409
    assert "Precondition failed: UID in precondition: other" in wrong.message
    assert (await api.delete(f"{MAPS}/one", {"preconditions": {"resourceVersion": "1"}})).code == 409
    assert (await api.delete(f"{MAPS}/one", {"preconditions": {"uid": made["metadata"]["uid"]}})).code == 200


@pytest.mark.parametrize(("policy", "finalizer"), [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
async def test_propagation_leaves_marks_for_the_collector(api: Api, policy: str, finalizer: str) -> None:
    await api.post(DEPLOYMENTS, deployment())
    marked = await api.delete(f"{DEPLOYMENTS}/web?propagationPolicy={policy}")
    assert marked.body["metadata"]["finalizers"] == [finalizer]
    assert "deletionTimestamp" in marked.body["metadata"]
    assert (await api.delete(f"{DEPLOYMENTS}/web?propagationPolicy=Sideways")).code == 422


async def test_a_pod_on_a_node_ends_gracefully(api: Api, account: None) -> None:
    await api.post(PODS, pod())
    target = {"target": {"kind": "Node", "name": "n1"}}
    assert (await api.post(f"{PODS}/one/binding", target)).code == 201
    assert (await api.post(f"{PODS}/one/binding", target)).code == 409
    bound = (await api.get(f"{PODS}/one")).body
    assert bound["spec"]["nodeName"] == "n1"
    assert bound["status"]["conditions"][0]["type"] == "PodScheduled"
    ending = (await api.delete(f"{PODS}/one")).body["metadata"]
    assert ending["deletionGracePeriodSeconds"] == 30
    sooner = (await api.delete(f"{PODS}/one?gracePeriodSeconds=5")).body["metadata"]
    assert sooner["deletionGracePeriodSeconds"] == 5
    longer = (await api.delete(f"{PODS}/one?gracePeriodSeconds=50")).body["metadata"]
    assert longer["deletionGracePeriodSeconds"] == 5
    assert (await api.delete(f"{PODS}/one?gracePeriodSeconds=0")).code == 200
    assert (await api.get(f"{PODS}/one")).code == 404


async def test_a_pod_that_nobody_runs_ends_at_once(api: Api, account: None) -> None:
    await api.post(PODS, pod())
    await api.delete(f"{PODS}/one")
    assert (await api.get(f"{PODS}/one")).code == 404


async def test_an_eviction_is_a_deletion(api: Api, account: None) -> None:
    await api.post(PODS, pod())
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "one"}}
    assert (await api.post(f"{PODS}/one/eviction", eviction)).code == 201
    assert (await api.get(f"{PODS}/one")).code == 404


async def test_an_evicted_pod_says_why_it_goes(api: Api, account: None) -> None:
    await api.post(PODS, pod() | {"metadata": {"name": "one", "finalizers": ["example.com/hold"]}})
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "one"}}
    await api.post(f"{PODS}/one/eviction?dryRun=All", eviction)
    assert "conditions" not in (await api.get(f"{PODS}/one")).body["status"]
    other = eviction | {"deleteOptions": {"preconditions": {"uid": "other"}}}
    assert (await api.post(f"{PODS}/one/eviction", other)).code == 409
    version = (await api.get(f"{PODS}/one")).body["metadata"]["resourceVersion"]
    exact = eviction | {"deleteOptions": {"preconditions": {"resourceVersion": version}}}
    assert (await api.post(f"{PODS}/one/eviction", exact)).code == 201
    found = (await api.get(f"{PODS}/one")).body
    assert "deletionTimestamp" in found["metadata"]
    (condition,) = found["status"]["conditions"]
    del condition["lastTransitionTime"]
    assert condition == {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }


async def test_a_collection_is_deleted_by_selector(api: Api) -> None:
    for name in ("a", "b", "c"):
        await api.post(MAPS, config_map(name, {"keep": "yes"} if name == "b" else None))
    gone = await api.delete(f"{MAPS}?labelSelector=!keep")
    assert [item["metadata"]["name"] for item in gone.body["items"]] == ["a", "c"]
    assert [item["metadata"]["name"] for item in (await api.get(MAPS)).body["items"]] == ["b"]


async def test_dry_runs_delete_nothing(api: Api) -> None:
    await api.post(MAPS, config_map())
    assert (await api.delete(f"{MAPS}/one?dryRun=All")).code == 200
    assert (await api.delete(f"{MAPS}/one", {"dryRun": ["All"]})).code == 200
    assert (await api.get(f"{MAPS}/one")).code == 200


async def test_a_namespace_ends_when_its_finalizer_goes(api: Api) -> None:
    await api.post("/api/v1/namespaces", {"metadata": {"name": "team"}})
    ending = (await api.delete("/api/v1/namespaces/team")).body
    assert ending["status"]["phase"] == "Terminating"
    ending["spec"]["finalizers"] = []
    assert (await api.put("/api/v1/namespaces/team/finalize", ending)).code == 200
    assert (await api.get("/api/v1/namespaces/team")).code == 404
