"""What is refused of ReplicaSet: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "web"}, "spec": {"selector": {
    "matchLabels": {"app": "web"}}, "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{
    "name": "main", "image": "nginx"}]}}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"replicas": -1}}, ["Invalid spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"minReadySeconds": -1}}, [
        "Invalid spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"selector": None}}, ["Required spec.selector: Required value",
        "Invalid spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match te…"]),
    ({"spec": {"selector": {"matchLabels": None}}}, [
        "Invalid spec.selector: Invalid value: {}: empty selector is invalid for deployment"]),
    ({"spec": {"selector": {"matchLabels": {"app": "b c"}}}}, [
        "Invalid spec.selector.matchLabels: Invalid value: \"b c\": a valid label must be an empty string or c…",
        "Invalid spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"b c\"}}: invalid label selector"]),
    ({"spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "Like"}]}}}, [
        "Invalid spec.selector.matchExpressions[0].operator: Invalid value: \"Like\": not a valid selector ope…",
        "Invalid spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"web\"},\"matchExpressions\":[{\"key…"]),
    ({"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}}, [
        "Invalid spec.template.metadata.labels: Invalid value: {\"app\":\"other\"}: `selector` does not match …"]),
    ({"spec": {"template": {"spec": {"restartPolicy": "Never"}}}}, [
        "NotSupported spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Alwa…"]),
    ({"spec": {"template": {"spec": {"activeDeadlineSeconds": 1}}}}, [
        "Forbidden spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is…"]),
    ({"spec": {"template": {"metadata": {"labels": {"a b": "c"}}}}}, [
        "Invalid spec.template.labels: Invalid value: \"a b\": name part must consist of alphanumeric characte…"]),
    ({"spec": {"template": {"metadata": {"annotations": {"a b": "c"}}}}}, [
        "Invalid spec.template.annotations: Invalid value: \"a b\": name part must consist of alphanumeric cha…"]),
    ({"spec": {"template": {"spec": {"containers": []}}}}, [
        "Required spec.template.spec.containers: Required value"]),
    ({"spec": {"template": {"spec": {"ephemeralContainers": [{"name": "e", "image": "x"}]}}}}, [
        "Forbidden spec.template.spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod …"]),
    ({"spec": {"template": {"metadata": {"annotations": {"controller.kubernetes.io/pod-deletion-cost": "01"}}}}}, [
        "Invalid spec.template.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"01\":…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"selector": {"matchLabels": {"app": "web", "b": "c"}}, "template": {"metadata": {"labels": {
        "b": "c"}}}}}, [
        "Invalid spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"web\",\"b\":\"c\"}}: field is immut…"]),
]
# fmt: on
