"""metrics.k8s.io: what nodes and pods use, as the nodes say."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from apiserver import authority, kubelet
from apiserver.conftest import Api, Kubectl, serving
from apiserver.samples import PODS, pod

METRICS = "/apis/metrics.k8s.io/v1beta1"
MIB = 1 << 20


@pytest.fixture(autouse=True)
async def on_node(api: Api, ca: authority.Authority, tmp_path: Path, monkeypatch) -> AsyncGenerator[None]:
    """Pods `one` (busy, two containers), `two` (just begun) and `three` (not bound) and a node that measures them."""
    async with serving(kubelet.app(), ca, tmp_path) as port:
        node = {"metadata": {"name": "n1", "labels": {"zone": "a"}}, "status": kubelet.addresses(port)}
        await api.post("/api/v1/nodes", node)
        await api.post("/api/v1/nodes", {"metadata": {"name": "silent"}})
        await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
        uids = {}
        for name in ("one", "two", "three"):
            wanted = pod(containers=[{"name": "main", "image": "x"}, {"name": "side", "image": "x"}])
            wanted["metadata"] = {"name": name, "labels": {"app": name}}
            uids[name] = (await api.post(PODS, wanted)).body["metadata"]["uid"]
            if name != "three":
                await api.post(f"{PODS}/{name}/binding", {"target": {"name": "n1"}})
        main = {"name": "main", **kubelet.use(250_000_000, 100 * MIB)}
        side = {"name": "side", **kubelet.use(1_500_000, 3 * MIB, "2026-01-01T00:59:52Z")}
        unknown = {"name": "main", **kubelet.use(None, MIB)}
        pods = [
            {"podRef": {"name": "one", "namespace": "default", "uid": uids["one"]}, "containers": [main, side]},
            {"podRef": {"name": "two", "namespace": "default", "uid": uids["two"]}, "containers": [unknown]},
        ]
        shown = {"node": kubelet.use(2_000_000_000, 512 * MIB), "pods": pods}
        monkeypatch.setattr(kubelet, "SUMMARY", shown)
        yield


async def test_nodes_are_those_that_answer(api: Api):
    reply = await api.get(f"{METRICS}/nodes")
    assert reply.body["kind"] == "NodeMetricsList"
    [node] = reply.body["items"]
    assert node["metadata"]["name"] == "n1"
    assert node["metadata"]["labels"] == {"zone": "a"}
    assert node["usage"] == {"cpu": "2000000000n", "memory": "524288Ki"}
    assert (node["timestamp"], node["window"]) == ("2026-01-01T01:00:00Z", "15s")


async def test_one_node_can_be_asked_for(api: Api):
    assert (await api.get(f"{METRICS}/nodes/n1")).body["kind"] == "NodeMetrics"
    missing = await api.get(f"{METRICS}/nodes/silent")
    assert (missing.code, missing.message) == (404, 'nodes.metrics.k8s.io "silent" not found')


async def test_pods_are_those_of_which_every_container_is_known(api: Api):
    reply = await api.get(f"{METRICS}/namespaces/default/pods")
    assert reply.body["kind"] == "PodMetricsList"
    [one] = reply.body["items"]
    assert one["metadata"]["namespace"] == "default"
    assert one["containers"] == [
        {"name": "main", "usage": {"cpu": "250000000n", "memory": "102400Ki"}},
        {"name": "side", "usage": {"cpu": "1500000n", "memory": "3072Ki"}},
    ]
    assert one["window"] == "8s"


async def test_pods_are_found_by_labels_names_and_namespaces(api: Api):
    for query, count in (("labelSelector=app=one", 1), ("labelSelector=app=two", 0), ("labelSelector=app!=one", 0)):
        assert len((await api.get(f"{METRICS}/pods?{query}")).body["items"]) == count, query
    assert len((await api.get(f"{METRICS}/namespaces/other/pods")).body["items"]) == 0
    assert (await api.get(f"{METRICS}/namespaces/default/pods/one")).body["kind"] == "PodMetrics"
    assert (await api.get(f"{METRICS}/namespaces/default/pods/three")).code == 404


async def test_a_table_adds_up_the_containers(api: Api):
    reply = await api.get(f"{METRICS}/pods", Accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert [column["name"] for column in reply.body["columnDefinitions"]] == ["Name", "cpu", "memory", "Window"]
    [row] = reply.body["rows"]
    assert row["cells"] == ["one", "251500u", "103Mi", "8s"]


async def test_what_is_measured_can_only_be_read(api: Api):
    assert (await api.post(f"{METRICS}/namespaces/default/pods", {"metadata": {"name": "x"}})).code == 405
    assert (await api.delete(f"{METRICS}/nodes/n1")).code == 405
    served = (await api.get(METRICS)).body["resources"]
    assert {one["name"]: one["verbs"] for one in served} == {"nodes": ["get", "list"], "pods": ["get", "list"]}


async def test_kubectl_shows_what_is_used(kubectl: Kubectl):
    nodes = (await kubectl("top", "node")).splitlines()
    assert nodes[1].split()[:2] == ["n1", "2000m"]
    pods = await kubectl("top", "pod", "--containers", "--sort-by=memory", "--no-headers")
    assert [line.split() for line in pods.splitlines()] == [
        ["one", "main", "250m", "100Mi"],
        ["one", "side", "2m", "3Mi"],
    ]
    assert "CPU" in await kubectl("get", "podmetrics.metrics.k8s.io")
