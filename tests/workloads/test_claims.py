"""A StatefulSet with claims, from its first pod to what it leaves, driven by kubectl."""

import orjson

from podvisor import sdk
from podvisor.sdk import kinds

CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}
SET = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "db"},
    "spec": {
        "serviceName": "db",
        "replicas": 2,
        "selector": {"matchLabels": {"app": "db"}},
        "template": {
            "metadata": {"labels": {"app": "db"}},
            "spec": {"containers": [{"name": "main", "image": "db:1"}]},
        },
        "volumeClaimTemplates": [CLAIM],
    },
}


async def bound(cluster: sdk.Client) -> dict[str, tuple[str, str]]:
    claims = (await cluster.list(kinds.PERSISTENTVOLUMECLAIMS)).items
    return {one.metadata.name: (one.status.phase, one.spec.volume_name) for one in claims}


async def test_each_pod_of_a_set_gets_its_own_claim_which_outlives_it(kubectl, cluster):
    await kubectl("create", "-f", "-", given=orjson.dumps(SET).decode())
    await kubectl("wait", "statefulset/db", "--for=jsonpath={.status.readyReplicas}=2", "--timeout=30s")
    first = await bound(cluster)
    assert {name: phase for name, (phase, _) in first.items()} == {"data-db-0": "Bound", "data-db-1": "Bound"}
    assert "standard" in await kubectl("get", "pvc")
    await kubectl("scale", "statefulset/db", "--replicas=0")
    await kubectl("wait", "pod", "-l", "app=db", "--for=delete", "--timeout=30s")
    await kubectl("scale", "statefulset/db", "--replicas=2")
    await kubectl("wait", "statefulset/db", "--for=jsonpath={.status.readyReplicas}=2", "--timeout=30s")
    assert await bound(cluster) == first
