"""A quota from its creation to what it gives back, driven by kubectl."""

import orjson

WORKLOAD = {
    "apiVersion": "v1",
    "kind": "ReplicationController",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 3,
        "selector": {"app": "web"},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "main", "image": "web:1"}]},
        },
    },
}


async def test_a_controller_says_that_a_quota_stops_it_and_goes_on_when_it_may(kubectl):
    await kubectl("create", "quota", "q", "--hard=pods=2,count/replicationcontrollers=1")
    await kubectl("wait", "quota/q", "--for=jsonpath={.status.used.pods}=0", "--timeout=30s")
    await kubectl("create", "-f", "-", given=orjson.dumps(WORKLOAD).decode())
    await kubectl("wait", "rc/web", "--for=condition=ReplicaFailure", "--timeout=30s")
    why = await kubectl("get", "rc/web", "-o", "jsonpath={.status.conditions[0].message}")
    assert why.endswith("is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2")
    await kubectl("scale", "rc/web", "--replicas=2")
    await kubectl("wait", "rc/web", "--for=jsonpath={.status.readyReplicas}=2", "--timeout=30s")
    assert "ReplicaFailure" not in await kubectl("get", "rc/web", "-o", "yaml")
    await kubectl("delete", "rc/web", "--cascade=foreground")
    await kubectl("wait", "quota/q", "--for=jsonpath={.status.used.pods}=0", "--timeout=30s")
    used = await kubectl("get", "quota/q", "-o", "jsonpath={.status.used}")
    assert orjson.loads(used) == {"pods": "0", "count/replicationcontrollers": "0"}
