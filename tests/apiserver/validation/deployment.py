"""What is refused of Deployment: one mistake each, and what the real server says."""

from apiserver.validation import replicaset
from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"selector": {
    "matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{
    "name": "main", "image": "nginx"}]}}}}
MISTAKES: list[Mistake] = [
    *replicaset.MISTAKES,
    ({"spec": {"strategy": {"type": "Sudden"}}}, [
        "NotSupported spec.strategy: Unsupported value: {\"type\":\"Sudden\"}: supported values: \"Recreate\",…"]),
    ({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": {}}}}, [
        "Forbidden spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recre…"]),
    ({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}}}}, [
        "Invalid spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is…"]),
    ({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": "0%", "maxSurge": 0}}}}, [
        "Invalid spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurg…"]),
    ({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": "x"}}}}, [
        "Invalid spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"x\": a valid percent string must…"]),
    ({"spec": {"strategy": {"rollingUpdate": {"maxSurge": -1}}}}, [
        "Invalid spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": "101%"}}}}, [
        "Invalid spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than…"]),
    ({"spec": {"revisionHistoryLimit": -1}}, [
        "Invalid spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"progressDeadlineSeconds": -1}}, [
        "Invalid spec.progressDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
        "Invalid spec.progressDeadlineSeconds: Invalid value: -1: must be greater than minReadySeconds"]),
    ({"spec": {"minReadySeconds": 700}}, [
        "Invalid spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "main", "image": "x"}]}}}}, [
        "Duplicate spec.template.spec.ephemeralContainers[0].name: Duplicate value: \"main\"",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": " x"}]}}}}, [
        "Invalid spec.template.spec.ephemeralContainers[0].image: Invalid value: \" x\": must not have leading…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x",
        "targetContainerName": "none"}]}}}}, [
        "NotFound spec.template.spec.ephemeralContainers[0].targetContainerName: Not found: \"none\"",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x", "ports": [{
        "containerPort": 1}]}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral …",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x", "livenessProbe": {"exec": {
        "command": ["x"]}}}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].livenessProbe: Forbidden: cannot be set for an Ep…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x", "readinessProbe": {"exec": {
        "command": ["x"]}}}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].readinessProbe: Forbidden: cannot be set for an E…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x", "startupProbe": {"exec": {
        "command": ["x"]}}}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].startupProbe: Forbidden: cannot be set for an Eph…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x", "lifecycle": {"preStop": {
        "exec": {"command": ["x"]}}}}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].lifecycle: Forbidden: cannot be set for an Epheme…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x", "resources": {"limits": {
        "cpu": "1"}}}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].resources: Forbidden: cannot be set for an Epheme…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x", "resizePolicy": [{
        "resourceName": "cpu", "restartPolicy": "NotRequired"}]}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].resizePolicy: Forbidden: cannot be set for an Eph…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x",
        "restartPolicy": "Always"}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].restartPolicy: Forbidden: cannot be set for an Ep…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "ephemeralContainers": [{"name": "e",
        "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/x", "subPath": "a"}]}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].volumeMounts[0].subPath: Forbidden: cannot be set…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"volumes": [{"name": "v", "emptyDir": {}}], "ephemeralContainers": [{"name": "e",
        "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/x", "subPathExpr": "a"}]}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].volumeMounts[0].subPathExpr: Forbidden: cannot be…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"os": {"name": "windows"}, "ephemeralContainers": [{"name": "e", "image": "x",
        "securityContext": {"appArmorProfile": {"type": "Unconfined"}, "seLinuxOptions": {}, "seccompProfile": {
        "type": "Unconfined"}, "capabilities": {}, "readOnlyRootFilesystem": True, "privileged": False,
        "allowPrivilegeEscalation": True, "procMount": "Default", "runAsUser": 1, "runAsGroup": 1}}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.appArmorProfile: Forbidden: canno…",
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.seLinuxOptions: Forbidden: cannot…",
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.seccompProfile: Forbidden: cannot…",
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.capabilities: Forbidden: cannot b…",
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.readOnlyRootFilesystem: Forbidden…",
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.privileged: Forbidden: cannot be …",
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.allowPrivilegeEscalation: Forbidd…",
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.procMount: Forbidden: cannot be s…",
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.runAsUser: Forbidden: cannot be s…",
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.runAsGroup: Forbidden: cannot be …",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"os": {"name": "linux"}, "ephemeralContainers": [{"name": "e", "image": "x",
        "securityContext": {"windowsOptions": {}}}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers[0].securityContext.windowsOptions: Forbidden: window…",
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"spec": {"os": {"name": "linux"}, "initContainers": [{"name": "e", "image": "x",
        "securityContext": {"windowsOptions": {}}}]}}}}, [
        "Forbidden spec.template.spec.initContainers[0].securityContext.windowsOptions: Forbidden: windows opt…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"selector": {"matchLabels": {"app": "web", "b": "c"}}, "template": {"metadata": {"labels": {
        "b": "c"}}}}}, [
        "Invalid spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"web\",\"b\":\"c\"}}: field is immut…"]),
    ({}, {"spec": {"replicas": -1}}, [
        "Invalid spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    ({}, {"spec": {"replicas": 3}}, []),
]
# fmt: on
