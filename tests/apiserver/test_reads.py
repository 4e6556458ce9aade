"""get and list: versions, pages, selectors, forms."""

import pytest

from apiserver.conftest import Api
from apiserver.samples import DEPLOYMENTS, MAPS, config_map, deployment

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


async def fill(api: Api, count: int) -> None:
    for number in range(count):
        await api.post(MAPS, config_map(f"m{number}", {"parity": "odd" if number % 2 else "even"}))


async def test_pages_show_one_state(api: Api) -> None:
    await fill(api, 5)
    first = (await api.get(f"{MAPS}?limit=2")).body
    assert [item["metadata"]["name"] for item in first["items"]] == ["m0", "m1"]
    assert first["metadata"]["remainingItemCount"] == 3
    await api.delete(f"{MAPS}/m3")
    await api.post(MAPS, config_map("m9"))
    second = (await api.get(f"{MAPS}?limit=2&continue={first['metadata']['continue']}")).body
    assert [item["metadata"]["name"] for item in second["items"]] == ["m2", "m3"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    third = (await api.get(f"{MAPS}?limit=2&continue={second['metadata']['continue']}")).body
    assert [item["metadata"]["name"] for item in third["items"]] == ["m4"]
    assert "continue" not in third["metadata"]


async def test_pages_are_full_although_a_selector_skips(api: Api) -> None:
    await fill(api, 7)
    first = (await api.get(f"{MAPS}?limit=2&labelSelector=parity=odd")).body
    assert [item["metadata"]["name"] for item in first["items"]] == ["m1", "m3"]
    assert "remainingItemCount" not in first["metadata"]
    rest = (await api.get(f"{MAPS}?limit=2&labelSelector=parity=odd&continue={first['metadata']['continue']}")).body
    assert [item["metadata"]["name"] for item in rest["items"]] == ["m5"]
    assert "continue" not in rest["metadata"]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("labelSelector=parity in (odd,x)", ["m1"]),
        ("labelSelector=parity!=odd", ["m0", "m2"]),
        ("labelSelector=!parity", []),
        ("labelSelector=parity", ["m0", "m1", "m2"]),
        ("fieldSelector=metadata.name=m2", ["m2"]),
        ("fieldSelector=metadata.name!=m2", ["m0", "m1"]),
        ("fieldSelector=metadata.namespace=default,metadata.name=m0", ["m0"]),
        ("fieldSelector=metadata.namespace=other", []),
    ],
)
async def test_selectors(api: Api, selector: str, names: list[str]) -> None:
    await fill(api, 3)
    found = (await api.get(f"{MAPS}?{selector}")).body["items"]
    assert [item["metadata"]["name"] for item in found] == names


async def test_bad_parameters_are_bad_requests(api: Api) -> None:
    for query in (
        "labelSelector=a b",
        "fieldSelector=spec.nothing=x",
        "limit=many",
        "continue=nonsense",
        "resourceVersion=abc",
        "resourceVersionMatch=Exact",
        "resourceVersionMatch=Near&resourceVersion=1",
        "resourceVersionMatch=Exact&resourceVersion=0",
    ):
        assert (await api.get(f"{MAPS}?{query}")).code == 400, query


async def test_lists_of_a_past_state(api: Api) -> None:
    await fill(api, 1)
    version = (await api.get(MAPS)).body["metadata"]["resourceVersion"]
    await api.post(MAPS, config_map("later"))
    past = (await api.get(f"{MAPS}?resourceVersion={version}&resourceVersionMatch=Exact")).body
    assert [item["metadata"]["name"] for item in past["items"]] == ["m0"]
    assert past["metadata"]["resourceVersion"] == version
    newer = (await api.get(f"{MAPS}?resourceVersion={version}&resourceVersionMatch=NotOlderThan")).body
    assert len(newer["items"]) == 2
    assert len((await api.get(f"{MAPS}?resourceVersion=0")).body["items"]) == 2


async def test_a_state_that_has_not_happened_is_not_waited_for_long(api: Api) -> None:
    late = await api.get(f"{MAPS}?resourceVersion=1000000")
    assert (late.code, late.body["reason"]) == (504, "Timeout")
    assert late.message.startswith("Too large resource version: 1000000, current: ")
    assert late.headers["Retry-After"] == "1"


async def test_tables(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment())
    table = (await api.get(DEPLOYMENTS, Accept=TABLE)).body
    assert table["kind"] == "Table"
    names = [column["name"] for column in table["columnDefinitions"] if not column["priority"]]
    assert names == ["Name", "Ready", "Up-to-date", "Available", "Age"]
    assert table["rows"][0]["cells"][:4] == ["web", "0/1", 0, 0]
    assert table["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    whole = (await api.get(f"{DEPLOYMENTS}/web?includeObject=Object", Accept=TABLE)).body
    assert whole["rows"][0]["object"]["spec"]["replicas"] == 1


async def test_only_the_metadata(api: Api) -> None:
    await fill(api, 1)
    accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    found = (await api.get(MAPS, Accept=accept)).body
    assert found["kind"] == "PartialObjectMetadataList"
    assert found["items"][0]["metadata"]["name"] == "m0"
    assert "data" not in found["items"][0]


async def test_what_is_not_offered_is_not_acceptable(api: Api) -> None:
    assert (await api.get(MAPS, Accept="application/vnd.kubernetes.protobuf")).code == 406
    either = "application/vnd.kubernetes.protobuf,application/json"
    assert (await api.get(MAPS, Accept=either)).headers["Content-Type"] == "application/json"


async def test_what_is_not_there_is_not_found(api: Api) -> None:
    missing = await api.get(f"{MAPS}/none")
    assert missing.message == 'configmaps "none" not found'
    assert missing.body["details"] == {"name": "none", "kind": "configmaps"}
    for path in ("/api/v1/nothings", "/apis/none.io/v1/things", "/apis/none.io", "/none", "/api/v2/pods"):
        missing = await api.get(path)
        assert (missing.code, missing.message) == (404, "the server could not find the requested resource"), path
    assert (await api.post("/api/v1/configmaps", config_map())).code == 405
    assert (await api("DELETE", "/api/v1/namespaces")).code == 405


async def test_events_are_the_same_in_both_versions(api: Api) -> None:
    about = {"kind": "Pod", "namespace": "default", "name": "one"}
    event = {"metadata": {"name": "e"}, "involvedObject": about, "message": "hello", "reason": "Testing", "count": 2}
    assert (await api.post("/api/v1/namespaces/default/events", event)).code == 201
    seen = (await api.get("/apis/events.k8s.io/v1/namespaces/default/events/e")).body
    assert (seen["apiVersion"], seen["note"], seen["regarding"]["name"]) == ("events.k8s.io/v1", "hello", "one")
    assert seen["deprecatedCount"] == 2
    listed = await api.get("/api/v1/events?fieldSelector=involvedObject.name=one,involvedObject.kind=Pod")
    assert len(listed.body["items"]) == 1


async def test_a_cluster_begins_with_its_namespaces_and_its_own_service(api: Api) -> None:
    names = [item["metadata"]["name"] for item in (await api.get("/api/v1/namespaces")).body["items"]]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    service = (await api.get("/api/v1/namespaces/default/services/kubernetes")).body
    assert (service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"]) == ("10.96.0.1", 443)
    endpoints = (await api.get("/api/v1/namespaces/default/endpoints/kubernetes")).body
    assert endpoints["subsets"][0]["ports"][0]["port"] == 6443
    [addresses] = (await api.get("/apis/networking.k8s.io/v1/servicecidrs")).body["items"]
    assert (addresses["metadata"]["name"], addresses["spec"]) == ("kubernetes", {"cidrs": ["10.96.0.0/16"]})
    assert [(one["type"], one["status"]) for one in addresses["status"]["conditions"]] == [("Ready", "True")]
