"""What is refused of StatefulSet: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {"serviceName": "db",
    "selector": {"matchLabels": {"app": "db"}}, "template": {"metadata": {"labels": {"app": "db"}}, "spec":
    {"containers": [{"name": "main", "image": "nginx"}]}}, "volumeClaimTemplates": [{"metadata": {"name":
    "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"podManagementPolicy": "Some"}},
        ["Invalid spec.podManagementPolicy: Invalid value: \"Some\": must be 'OrderedReady' or 'Parallel'"]),
    ({"spec": {"updateStrategy": {"type": "Some"}}},
        ["Invalid spec.updateStrategy: Invalid value: {\"type\":\"Some\"}: must be 'RollingUpdate' or 'OnDelete'"]),
    ({"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}}},
        ["Invalid spec.updateStrategy.rollingUpdate: Invalid value: {\"partition\":1}: only allowed for updateS…"]),
    ({"spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": -1}}}},
        ["Invalid spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equ…"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}}, [
        "Invalid spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "x"}}}}, [
        "Invalid spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"x\": a valid percent string …",
        "Invalid spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"x\": cannot be 0"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "101%"}}}}, [
        "Invalid spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater…"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": -1}}}}, [
        "Invalid spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or e…"]),
    ({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Keep"}}},
        ["NotSupported spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: \"Keep\": supp…"]),
    ({"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Keep"}}},
        ["NotSupported spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: \"Keep\": suppo…"]),
    ({"spec": {"replicas": -1}}, ["Invalid spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"minReadySeconds": -1}},
        ["Invalid spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"ordinals": {"start": -1}}},
        ["Invalid spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"serviceName": "a.b"}}, ["Invalid spec.serviceName: Invalid value: \"a.b\": must not contain dots"]),
    ({"spec": {"selector": None}}, ["Required spec.selector: Required value",
        "Invalid spec.template.metadata.labels: Invalid value: {\"app\":\"db\"}: `selector` does not match templ…"]),
    ({"spec": {"selector": {"matchLabels": None}}},
        ["Invalid spec.selector: Invalid value: {}: empty selector is invalid for statefulset"]),
    ({"spec": {"selector": {"matchLabels": {"app": "b c"}}}},
        ["Invalid spec.selector.matchLabels: Invalid value: \"b c\": a valid label must be an empty string or c…",
        "Invalid spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"b c\"}}"]),
    ({"spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "Like"}]}}},
        ["Invalid spec.selector.matchExpressions[0].operator: Invalid value: \"Like\": not a valid selector ope…",
        "Invalid spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"db\"},\"matchExpressions\":[{\"key\":…"]),
    ({"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}},
        ["Invalid spec.template.metadata.labels: Invalid value: {\"app\":\"other\"}: `selector` does not match te…"]),
    ({"spec": {"template": {"metadata": {"labels": {"a b": "c"}}}}},
        ["Invalid spec.template.labels: Invalid value: \"a b\": name part must consist of alphanumeric characte…"]),
    ({"spec": {"template": {"metadata": {"annotations": {"a b": "c"}}}}},
        ["Invalid spec.template.annotations: Invalid value: \"a b\": name part must consist of alphanumeric cha…"]),
    ({"spec": {"template": {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "01"}}}}},
        ["Invalid spec.template.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"01\":…"]),
    ({"spec": {"template": {"spec": {"restartPolicy": "Never"}}}},
        ["NotSupported spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Alway…"]),
    ({"spec": {"template": {"spec": {"activeDeadlineSeconds": 1}}}},
        ["Forbidden spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in StatefulSet…"]),
    ({"metadata": {"name": "a.b"}}, ["Invalid metadata.name: Invalid value: \"a.b\": must not contain dots"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"serviceName": "other"}},
        ["Forbidden spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'…"]),
    ({}, {"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": {"metadata": {"labels": {"x": "y"}}}}},
        ["Forbidden spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'…"]),
    ({}, {"spec": {"podManagementPolicy": "Parallel"}},
        ["Forbidden spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'…"]),
    ({}, {"spec": {"volumeClaimTemplates": None}},
        ["Forbidden spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals'…"]),
    ({}, {"spec": {"replicas": -1}},
        ["Invalid spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
]
# fmt: on
