"""Every pod runs as a ServiceAccount that is there, with its token mounted (the plugin ServiceAccount).

https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller
"""

from podvisor.apiserver import metadata, objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json
from podvisor.types import status

_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_VOLUME = "kube-api-access-"
_MIRROR = "kubernetes.io/config.mirror"


async def service_account(change: Change, view: View) -> None:
    """Choose the account, check it, mount its token. Raises Forbidden if there is no such account."""
    is_pod = (change.resource.group, change.resource.plural) == ("", "pods") and not change.subresource
    if (
        not is_pod
        or change.operation != "CREATE"
        or change.new is None
        or _MIRROR in change.new["metadata"].get("annotations", {})
    ):
        return
    spec = change.new["spec"]
    name = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    account = await _account(change, view, name)
    if "imagePullSecrets" in account and not spec.get("imagePullSecrets"):
        spec["imagePullSecrets"] = account["imagePullSecrets"]
    wanted = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
    if wanted and view.mounts_tokens:
        mount_token(spec)


async def _account(change: Change, view: View, name: str) -> Json:
    accounts = view.catalogue.get("", "v1", "serviceaccounts")
    if (kv := await view.storage.find(accounts, change.namespace, name)) is None:
        why = f'error looking up service account {change.namespace}/{name}: serviceaccount "{name}" not found'
        raise status.Forbidden(why, change.resource.subject(change.name))
    return objects.decode(accounts, kv)


def mount_token(spec: Json) -> None:
    """Give every container that mounts nothing there the account's token, the cluster's CA and the namespace."""
    containers = [one for kind in ("initContainers", "containers") for one in spec.get(kind, ())]
    without = [one for one in containers if _MOUNT not in {mount["mountPath"] for mount in one.get("volumeMounts", ())}]
    if not without:
        return
    # A container that a webhook has added gets the volume that the others have.
    there = [one["name"] for one in spec.get("volumes") or () if one["name"].startswith(_VOLUME)]
    volume = there[0] if there else f"{_VOLUME}{metadata.suffix()}"
    for one in without:
        mounts = one.get("volumeMounts", [])
        one["volumeMounts"] = [*mounts, {"name": volume, "readOnly": True, "mountPath": _MOUNT}]
    if not there:
        spec["volumes"] = [*spec.get("volumes", []), {"name": volume, "projected": _projected()}]


def _projected() -> Json:
    field = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [field]}},
    ]
    return {"sources": sources, "defaultMode": 420}
