"""What the binder writes, worked out without any I/O.

https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
"""

from typing import Any

from podvisor.sdk.objects.storage import DIRECTORIES, DRIVER, PersistentVolumeClaim, StorageClass

BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
PROVISIONER = "volume.kubernetes.io/storage-provisioner"
HOSTNAME = "kubernetes.io/hostname"


def reference(claim: PersistentVolumeClaim) -> dict[str, str]:
    """A claim as its volume names it."""
    meta = claim.metadata
    return {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "namespace": meta.namespace,
        "name": meta.name,
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
    }


def directory_for(claim: PersistentVolumeClaim, of: StorageClass, hostname: str) -> dict[str, Any]:
    """A volume for a claim: a directory that the node makes when a pod first mounts it, and removes at its end."""
    name = f"pvc-{claim.metadata.uid}"
    expression = {"key": HOSTNAME, "operator": "In", "values": [hostname]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {PROVISIONED_BY: DIRECTORIES},
            "finalizers": [DIRECTORIES, "kubernetes.io/pv-protection"],
        },
        "spec": {
            "capacity": {"storage": claim.size},
            "accessModes": claim.spec.access_modes,
            "persistentVolumeReclaimPolicy": of.reclaim_policy,
            "storageClassName": of.metadata.name,
            "volumeMode": claim.spec.volume_mode,
            "claimRef": reference(claim),
            "csi": {"driver": DRIVER, "volumeHandle": name},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}},
        },
    }
