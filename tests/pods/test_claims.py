"""Claims that pods mount: directories that outlive their pods, and go with their claim.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/
"""

from pathlib import Path

from pods.kit import CLOCK, NAMESPACE, SECONDS, Json, Pods, container, forever
from podvisor import sdk
from podvisor.sdk import kinds

MOUNT: Json = {"volumeMounts": [{"name": "vol", "mountPath": "/vol"}]}


def claimed(name: str) -> Json:
    return {"volumes": [{"name": "vol", "persistentVolumeClaim": {"claimName": name}}]}


async def claim(pods: Pods, size: str = "2Mi") -> str:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    name = pods.name("claim")
    wanted = {"metadata": {"name": name}, "spec": spec}
    await pods.client.create(kinds.PERSISTENTVOLUMECLAIMS, wanted, NAMESPACE)
    return name


async def gone(pods: Pods, kind: sdk.Resource, name: str) -> None:
    key = sdk.Key(NAMESPACE if kind.namespaced else "", name)
    await sdk.until(pods.client, kind, key, lambda one: one is None, CLOCK, SECONDS)


async def test_a_claim_keeps_its_files_for_the_next_pod_and_is_full_at_its_size(pods: Pods):
    name = await claim(pods)
    script = "echo kept > /vol/file; head -c 4M /dev/zero > /vol/large; rm /vol/large"
    output = await pods.ended(container(script, **MOUNT), restartPolicy="Never", **claimed(name))
    assert output["status"]["phase"] == "Succeeded"
    first = output["metadata"]["name"]
    assert "No space left on device" in await pods.logs(first)
    second = await pods.up(forever(**MOUNT), **claimed(name))
    assert (await pods.sh(second, "cat /vol/file")).out == "kept\n"
    volume = (await pods.client.get(kinds.PERSISTENTVOLUMECLAIMS, name, NAMESPACE)).spec.volume_name
    await pods.client.delete(kinds.PERSISTENTVOLUMECLAIMS, sdk.Key(NAMESPACE, name))
    assert (await pods.client.get(kinds.PERSISTENTVOLUMECLAIMS, name, NAMESPACE)).metadata.deleting
    for pod in (first, second):
        await pods.delete(pod, 0)
    await gone(pods, kinds.PERSISTENTVOLUMECLAIMS, name)
    await gone(pods, kinds.PERSISTENTVOLUMES, volume)


async def test_an_ephemeral_volume_lives_as_long_as_its_pod(pods: Pods):
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Mi"}}}
    ephemeral = {"volumeClaimTemplate": {"spec": spec}}
    name = await pods.up(forever(**MOUNT), volumes=[{"name": "vol", "ephemeral": ephemeral}])
    assert (await pods.sh(name, "echo hi > /vol/file; cat /vol/file")).out == "hi\n"
    await pods.delete(name, 0)
    await gone(pods, kinds.PERSISTENTVOLUMECLAIMS, f"{name}-vol")


async def test_a_volume_by_hand_shows_a_directory_that_the_operator_allows(pods: Pods, shared: Path):
    place = shared / "by-hand"
    place.mkdir()
    (place / "file").write_text("from outside\n")
    name = pods.name("disk")
    base = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": str(place)}}
    volume = {"metadata": {"name": name}, "spec": base | {"storageClassName": "by-hand"}}
    await pods.client.create(kinds.PERSISTENTVOLUMES, volume)
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    wanted = {"metadata": {"name": name}, "spec": spec | {"storageClassName": "by-hand"}}
    await pods.client.create(kinds.PERSISTENTVOLUMECLAIMS, wanted, NAMESPACE)
    pod = await pods.up(forever(**MOUNT), **claimed(name))
    assert (await pods.sh(pod, "cat /vol/file")).out == "from outside\n"
    await pods.delete(pod, 0)
    await pods.client.delete(kinds.PERSISTENTVOLUMECLAIMS, sdk.Key(NAMESPACE, name))
    await gone(pods, kinds.PERSISTENTVOLUMECLAIMS, name)
    await pods.client.delete(kinds.PERSISTENTVOLUMES, sdk.Key("", name))
    assert (place / "file").read_text() == "from outside\n"
