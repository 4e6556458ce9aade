"""What is refused of DaemonSet: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "log"}, "spec": {"selector":
    {"matchLabels": {"app": "log"}}, "template": {"metadata": {"labels": {"app": "log"}}, "spec":
    {"containers": [{"name": "main", "image": "nginx"}]}}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"selector": None}},
        ["Invalid spec.template.metadata.labels: Invalid value: {\"app\":\"log\"}: `selector` does not match temp…"]),
    ({"spec": {"selector": {"matchLabels": None}}},
        ["Invalid spec.selector: Invalid value: {}: empty selector is invalid for daemonset"]),
    ({"spec": {"selector": {"matchLabels": {"app": "b c"}}}},
        ["Invalid spec.selector.matchLabels: Invalid value: \"b c\": a valid label must be an empty string or c…"]),
    ({"spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "Like"}]}}},
        ["Invalid spec.selector.matchExpressions[0].operator: Invalid value: \"Like\": not a valid selector ope…"]),
    ({"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}},
        ["Invalid spec.template.metadata.labels: Invalid value: {\"app\":\"other\"}: `selector` does not match te…"]),
    ({"spec": {"template": {"metadata": {"labels": {"a b": "c"}}}}},
        ["Invalid spec.template.labels: Invalid value: \"a b\": name part must consist of alphanumeric characte…"]),
    ({"spec": {"template": {"metadata": {"annotations": {"a b": "c"}}}}},
        ["Invalid spec.template.annotations: Invalid value: \"a b\": name part must consist of alphanumeric cha…"]),
    ({"spec": {"template": {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "01"}}}}},
        ["Invalid spec.template.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"01\":…"]),
    ({"spec": {"template": {"spec": {"containers": []}}}},
        ["Required spec.template.spec.containers: Required value"]),
    ({"spec": {"template": {"spec": {"restartPolicy": "Never"}}}},
        ["NotSupported spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Alway…"]),
    ({"spec": {"template": {"spec": {"activeDeadlineSeconds": 1}}}},
        ["Forbidden spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet i…"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x"}]}}}},
        ["Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in po…"]),
    ({"spec": {"minReadySeconds": -1}},
        ["Invalid spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"revisionHistoryLimit": -1}},
        ["Invalid spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"updateStrategy": {"type": "Some"}}},
        ["NotSupported spec.updateStrategy: Unsupported value: {\"type\":\"Some\"}: supported values: \"RollingUpd…"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": -1}}}},
        ["Invalid spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than o…"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "x"}}}},
        ["Invalid spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"x\": a valid percent strin…",
        "Required spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurg…"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "101%"}}}},
        ["Invalid spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greate…"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxSurge": -1, "maxUnavailable": 0}}}},
        ["Invalid spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equa…"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxSurge": "101%", "maxUnavailable": 0}}}},
        ["Invalid spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: \"101%\": must not be greater than…"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxSurge": 1}}}},
        ["Invalid spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavai…"]),
    ({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}},
        ["Required spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurg…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"selector": {"matchLabels": {"x": "y"}}, "template": {"metadata": {"labels": {"x": "y"}}}}},
        ["Invalid spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"log\",\"x\":\"y\"}}: field is immutable"]),
]
# fmt: on
