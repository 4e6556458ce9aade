"""What is refused of ReplicationController: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "web"}, "spec": {"selector":
    {"app": "web"}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name":
    "main", "image": "nginx"}]}}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"replicas": -1}}, ["Invalid spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"minReadySeconds": -1}},
        ["Invalid spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"selector": {"app": "other"}}},
        ["Invalid spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match temp…"]),
    ({"spec": {"selector": None, "template": {"metadata": {"labels": None}}}},
        ["Required spec.selector: Required value"]),
    ({"spec": {"template": {"spec": {"restartPolicy": "Never"}}}},
        ["NotSupported spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Alway…"]),
    ({"spec": {"template": {"spec": {"activeDeadlineSeconds": 1}}}},
        ["Forbidden spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in Replication…"]),
    ({"spec": {"template": {"metadata": {"labels": {"a b": "c"}}}}},
        ["Invalid metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '…",
        "Invalid spec.template.labels: Invalid value: \"a b\": name part must consist of alphanumeric characte…"]),
    ({"spec": {"template": {"metadata": {"annotations": {"a b": "c"}}}}},
        ["Invalid spec.template.annotations: Invalid value: \"a b\": name part must consist of alphanumeric cha…"]),
    ({"spec": {"template": {"spec": {"containers": []}}}},
        ["Required spec.template.spec.containers: Required value"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x"}]}}}},
        ["Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in po…"]),
    ({"spec": {"template": {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "01"}}}}},
        ["Invalid spec.template.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"01\":…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"replicas": -2}},
        ["Invalid spec.replicas: Invalid value: -2: must be greater than or equal to 0"]),
]
# fmt: on
