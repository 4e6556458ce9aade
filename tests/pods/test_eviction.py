"""Pods that use more of the disk than they said end as a kubelet ends them.

https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/#resource-emphemeralstorage-consumption
"""

from pods.kit import Pods, condition, container, is_over, state

FILL = "head -c 4M /dev/zero > {}; echo full; sleep infinity & wait"
EVICTION_SECONDS = 60.0
"""A look at what is used every 15 s, and one at who uses too much every 10 s, on a machine that is busy."""


async def test_a_volume_over_its_limit_evicts_its_pod(pods: Pods):
    mounts = [{"name": "vol", "mountPath": "/vol"}]
    volume = {"name": "vol", "emptyDir": {"sizeLimit": "1Mi"}}
    greedy = await pods.create(
        container(FILL.format("/vol/big"), volumeMounts=mounts), volumes=[volume], restartPolicy="Always"
    )
    limits = {"limits": {"ephemeral-storage": "1Mi"}}
    writer = await pods.create(container(FILL.format("/big"), resources=limits), restartPolicy="Always")
    pod = await pods.until(greedy, is_over, EVICTION_SECONDS)
    message = 'Usage of EmptyDir volume "vol" exceeds the limit "1Mi". '
    assert (pod["status"]["phase"], pod["status"]["reason"], pod["status"]["message"]) == ("Failed", "Evicted", message)
    assert state(pod)[0] == "terminated"
    assert condition(pod, "Ready")["reason"] == "PodFailed"
    assert (await pods.event(greedy, "Evicted"))["message"] == message
    other = await pods.until(writer, is_over, EVICTION_SECONDS)
    assert other["status"]["message"].startswith("Pod ephemeral local storage usage exceeds the total limit of")
