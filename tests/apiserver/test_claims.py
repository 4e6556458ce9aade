"""What claims and volumes get when they are made, and which claim may grow."""

from typing import Any

from apiserver.conftest import Api

CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
VOLUMES = "/api/v1/persistentvolumes"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
Json = dict[str, Any]


def claim(size: str = "1Gi", **spec: Any) -> Json:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return {"metadata": {"name": "data"}, "spec": base | spec}


async def test_claims_without_a_class_get_the_default(api: Api) -> None:
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    cls = {"metadata": {"name": "mine", "annotations": default}, "provisioner": "example.com/disk"}
    assert (await api.post(CLASSES, cls)).code == 201
    made = (await api.post(CLAIMS, claim())).body
    assert made["spec"]["storageClassName"] == "mine"
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    none = claim(storageClassName="")
    none["metadata"]["name"] = "none"
    assert (await api.post(CLAIMS, none)).body["spec"]["storageClassName"] == ""


async def test_volumes_are_protected_and_retained(api: Api) -> None:
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/srv"}}
    made = (await api.post(VOLUMES, {"metadata": {"name": "disk"}, "spec": spec})).body
    assert made["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]
    assert (made["spec"]["persistentVolumeReclaimPolicy"], made["status"]["phase"]) == ("Retain", "Pending")


async def test_a_claim_grows_only_where_its_class_allows_it(api: Api) -> None:
    for name, grows in (("rigid", False), ("soft", True)):
        cls = {"metadata": {"name": name}, "provisioner": "example.com/disk", "allowVolumeExpansion": grows}
        await api.post(CLASSES, cls)
        made = claim(storageClassName=name)
        made["metadata"]["name"] = name
        await api.post(CLAIMS, made)
    more = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    # Nobody has bound it yet.
    assert (await api.patch(f"{CLAIMS}/soft", more)).code in (403, 422)
    for name, code in (("rigid", 403), ("soft", 200)):
        bound = {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}
        await api.patch(f"{CLAIMS}/{name}/status", bound)
        answer = await api.patch(f"{CLAIMS}/{name}", more)
        assert answer.code == code, answer.body
    less = {"spec": {"resources": {"requests": {"storage": "1Mi"}}}}
    refused = await api.patch(f"{CLAIMS}/soft", less)
    assert "field can not be less than status.capacity" in refused.message


async def test_their_status_is_patched_and_replaced(api: Api) -> None:
    await api.post(CLAIMS, claim())
    condition = {"type": "Resizing", "status": "True"}
    patched = await api.patch(f"{CLAIMS}/data/status", {"status": {"conditions": [condition]}})
    assert patched.body["status"]["conditions"][0]["type"] == "Resizing"
    whole = (await api.get(f"{CLAIMS}/data/status")).body
    whole["status"]["conditions"][0]["reason"] = "Test"
    assert (await api.put(f"{CLAIMS}/data/status", whole)).body["status"]["conditions"][0]["reason"] == "Test"
