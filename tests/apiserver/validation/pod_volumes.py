"""What is refused of a Pod's volumes: one mistake each, and what the real server says."""

from apiserver.validation import pod
from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = pod.BASE
MISTAKES: list[Mistake] = [
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"mountPath": "/x"}]}]}}, [
        "Required spec.containers[0].volumeMounts[0].name: Required value",
        "NotFound spec.containers[0].volumeMounts[0].name: Not found: \"\""]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "none", "mountPath": "/x"}]}]}}, [
        "NotFound spec.containers[0].volumeMounts[0].name: Not found: \"none\""]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v"}]}]}}, [
        "Required spec.containers[0].volumeMounts[0].mountPath: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x"}, {"name": "v", "mountPath": "/x"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/x\": must be unique"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "/a"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts.subPath: Invalid value: \"/a\": must be a relative path"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "a/../b"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts.subPath: Invalid value: \"a/../b\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "a", "subPathExpr": "b"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"b\": subPathExpr and subPath…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "subPathExpr": "../b"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts.subPathExpr: Invalid value: \"../b\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "mountPropagation": "Up"}]}]}}, [
        "NotSupported spec.containers[0].volumeMounts.mountPropagation: Unsupported value: \"Up\": supported v…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "mountPropagation": "Bidirectional"}]}]}}, [
        "Forbidden spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagatio…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "recursiveReadOnly": "Enabled"}]}]}}, [
        "Forbidden spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when re…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "recursiveReadOnly": "Often"}]}]}}, [
        "NotSupported spec.containers[0].volumeMounts.recursiveReadOnly: Unsupported value: \"Often\": support…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeMounts": [{"name": "v", "mountPath": "/x", "recursiveReadOnly": "Enabled", "readOnly": True,
        "mountPropagation": "HostToContainer"}]}]}}, [
        "Forbidden spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mo…"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [{"name": "main", "image": "nginx",
        "volumeDevices": [{"name": "v", "devicePath": "/d"}]}]}}, [
        "Invalid spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": can only use volume source ty…"]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}], "containers": [{
        "name": "main", "image": "nginx", "volumeDevices": [{"name": "v"}]}]}}, [
        "Required spec.containers[0].volumeDevices[0].devicePath: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}], "containers": [{
        "name": "main", "image": "nginx", "volumeDevices": [{"name": "v", "devicePath": "/a/../b"}]}]}}, [
        "Invalid spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/a/../b\": can not contain b…"]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}], "containers": [{
        "name": "main", "image": "nginx", "volumeDevices": [{"devicePath": "/a"}]}]}}, [
        "Required spec.containers[0].volumeDevices[0].name: Required value",
        "NotFound spec.containers[0].volumeDevices[0].name: Not found: \"\""]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}], "containers": [{
        "name": "main", "image": "nginx", "volumeDevices": [{"name": "v", "devicePath": "/x"}], "volumeMounts": [{
        "name": "v", "mountPath": "/x"}]}]}}, [
        "Invalid spec.containers[0].volumeMounts[0].name: Invalid value: \"v\": must not already exist in volu…",
        "Invalid spec.containers[0].volumeMounts[0].mountPath: Invalid value: \"/x\": must not already exist a…",
        "Invalid spec.containers[0].volumeDevices[0].name: Invalid value: \"v\": must not already exist in vol…",
        "Invalid spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/x\": must not already exist…"]),
    ({"spec": {"volumes": [{"name": "A"}]}}, [
        "Invalid spec.volumes[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower …"]),
    ({"spec": {"volumes": [{"emptyDir": {}}]}}, ["Required spec.volumes[0].name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}}, {"name": "v", "emptyDir": {}}]}}, [
        "Duplicate spec.volumes[1].name: Duplicate value: \"v\""]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]}}, [
        "Forbidden spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type"]),
    ({"spec": {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "-1"}}]}}, [
        "Forbidden spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource qua…"]),
    ({"spec": {"volumes": [{"name": "v", "hostPath": {}}]}}, [
        "Required spec.volumes[0].hostPath.path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/a/../b"}}]}}, [
        "Invalid spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "Pipe"}}]}}, [
        "NotSupported spec.volumes[0].hostPath.type: Unsupported value: \"Pipe\": supported values: \"\", \"Bl…"]),
    ({"spec": {"volumes": [{"name": "v", "secret": {}}]}}, [
        "Required spec.volumes[0].secret.secretName: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 512}}]}}, [
        "Invalid spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (…"]),
    ({"spec": {"volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"path": "x"}]}}]}}, [
        "Required spec.volumes[0].secret.items[0].key: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "k"}]}}]}}, [
        "Required spec.volumes[0].secret.items[0].path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {}}]}}, [
        "Required spec.volumes[0].configMap.name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "/x"}]}}]}}, [
        "Invalid spec.volumes[0].configMap.items[0].path: Invalid value: \"/x\": must be a relative path"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "..x"}]}}]}}, [
        "Invalid spec.volumes[0].configMap.items[0].path: Invalid value: \"..x\": must not start with '..'"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c", "items": [{"key": "k", "path": "x",
        "mode": -1}]}}]}}, [
        "Invalid spec.volumes[0].configMap.items[0].mode: Invalid value: -1: must be a number between 0 and 07…"]),
    ({"spec": {"volumes": [{"name": "v", "configMap": {"name": "c", "defaultMode": -1}}]}}, [
        "Invalid spec.volumes[0].configMap.defaultMode: Invalid value: -1: must be a number between 0 and 0777…"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"defaultMode": 512}}]}}, [
        "Invalid spec.volumes[0].downwardAPI.defaultMode: Invalid value: 512: must be a number between 0 and 0…"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x"}]}}]}}, [
        "Required spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"fieldRef": {"fieldPath": "metadata.name"}}]}}]}},
        ["Required spec.volumes[0].downwardAPI.path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "../x", "fieldRef": {
        "fieldPath": "metadata.name"}}]}}]}}, [
        "Invalid spec.volumes[0].downwardAPI.path: Invalid value: \"../x\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x", "fieldRef": {
        "fieldPath": "spec.nodeName"}}]}}]}}, [
        "NotSupported spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: \"spec.nodeName\": su…"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x", "resourceFieldRef": {
        "resource": "limits.cpu"}}]}}]}}, [
        "Required spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x", "mode": 512, "fieldRef": {
        "fieldPath": "metadata.name"}}]}}]}}, [
        "Invalid spec.volumes[0].downwardAPI.mode: Invalid value: 512: must be a number between 0 and 0777 (oc…"]),
    ({"spec": {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "x", "fieldRef": {
        "fieldPath": "metadata.name"}, "resourceFieldRef": {"containerName": "main", "resource": "limits.cpu"}}]}}]}},
        ["Invalid spec.volumes[0].downwardAPI: Invalid value: \"resource\": fieldRef and resourceFieldRef can n…"]),
    ({"spec": {"volumes": [{"name": "v", "persistentVolumeClaim": {}}]}}, [
        "Required spec.volumes[0].persistentVolumeClaim.claimName: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "nfs": {}}]}}, ["Required spec.volumes[0].nfs.server: Required value",
        "Required spec.volumes[0].nfs.path: Required value",
        "Invalid spec.volumes[0].nfs.path: Invalid value: \"\": must be an absolute path"]),
    ({"spec": {"volumes": [{"name": "v", "nfs": {"server": "s", "path": "x"}}]}}, [
        "Invalid spec.volumes[0].nfs.path: Invalid value: \"x\": must be an absolute path"]),
    ({"spec": {"volumes": [{"name": "v", "gitRepo": {}}]}}, [
        "Required spec.volumes[0].gitRepo.repository: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "gitRepo": {"repository": "r", "directory": "../x"}}]}}, [
        "Invalid spec.volumes[0].gitRepo.directory: Invalid value: \"../x\": must not contain '..'"]),
    ({"spec": {"volumes": [{"name": "v", "csi": {"driver": ""}}]}}, [
        "Required spec.volumes[0].csi.driver: Required value",
        "Invalid spec.volumes[0].csi.driver: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist …"]),
    ({"spec": {"volumes": [{"name": "v", "csi": {"driver": "A_b"}}]}}, [
        "Invalid spec.volumes[0].csi.driver: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain must consi…"]),
    ({"spec": {"volumes": [{"name": "v", "csi": {"driver": "a.b", "nodePublishSecretRef": {}}}]}}, [
        "Required spec.volumes[0].csi.nodePublishSecretRef.name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "ephemeral": {}}]}}, [
        "Required spec.volumes[0].ephemeral.volumeClaimTemplate: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "image": {"reference": "x", "pullPolicy": "Often"}}]}}, [
        "NotSupported spec.volumes[0].image.pullPolicy: Unsupported value: \"Often\": supported values: \"Alwa…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"defaultMode": 512}}]}}, [
        "Invalid spec.volumes[0].projected.defaultMode: Invalid value: 512: must be a number between 0 and 077…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {}}]}}]}}, [
        "Required spec.volumes[0].projected.sources[0].secret.name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"configMap": {}}]}}]}}, [
        "Required spec.volumes[0].projected.sources[0].configMap.name: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s", "items": [{"key": "k",
        "path": "../x"}]}}]}}]}}, [
        "Invalid spec.volumes[0].projected.sources[0].secret.items[0].path: Invalid value: \"../x\": must not …"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "x",
        "expirationSeconds": 1}}]}}]}}, [
        "Invalid spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1:…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "x",
        "expirationSeconds": 8589934592}}]}}]}}, [
        "Invalid spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 85…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {}}]}}]}}, [
        "Required spec.volumes[0].projected.path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "/x"}}]}}]}}, [
        "Invalid spec.volumes[0].projected.path: Invalid value: \"/x\": must be a relative path"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}, "configMap": {
        "name": "c"}}]}}]}}, [
        "Forbidden spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type pe…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s", "items": [{"key": "k",
        "path": "x"}]}}, {"configMap": {"name": "c", "items": [{"key": "k", "path": "x"}]}}]}}]}}, [
        "Invalid spec.volumes[0].projected: Invalid value: \"c\": conflicting duplicate paths"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {"items": [{"path": "x",
        "fieldRef": {"fieldPath": "metadata.name"}}]}}, {"downwardAPI": {"items": [{"path": "x", "fieldRef": {
        "fieldPath": "metadata.uid"}}]}}]}}]}}, [
        "Invalid spec.volumes[0].projected: Invalid value: \"x\": conflicting duplicate paths"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {"items": [{"path": "x"}]}}]}}]}},
        ["Required spec.volumes[0].projected.sources[0].downwardAPI: Required value: one of fieldRef and resour…"]),
    ({"spec": {"serviceAccountName": "", "volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {
        "path": "x"}}]}}]}}, [
        "Forbidden spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified …"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"path": "x"}}]}}]}}, [
        "Required spec.volumes[0].projected.sources[0].clusterTrustBundle: Required value: either name or sign…"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"name": "a"}}]}}]}}, [
        "Required spec.volumes[0].projected.sources[0].clusterTrustBundle.path: Required value"]),
    ({"spec": {"volumes": [{"name": "v", "projected": {"sources": [{"clusterTrustBundle": {"name": "a",
        "path": "/x"}}]}}]}}, [
        "Invalid spec.volumes[0].projected.sources[0].clusterTrustBundle.path: Invalid value: \"/x\": must be …"]),
]
CHANGES: list[Change] = []
# fmt: on
