"""What is refused of PodTemplate: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "t"}, "template": {"metadata": {"labels": {
    "app": "web"}}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}}
MISTAKES: list[Mistake] = [
    ({"template": {"spec": {"containers": []}}}, ["Required template.spec.containers: Required value"]),
    ({"template": {"metadata": {"labels": {"a b": "c"}}}}, [
        "Invalid template.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '…"]),
    ({"template": None}, ["Required template.spec.containers: Required value"]),
    ({"template": {"spec": {"restartPolicy": "Some"}}}, [
        "NotSupported template.spec.restartPolicy: Unsupported value: \"Some\": supported values: \"Always\", …"]),
]
CHANGES: list[Change] = [
    ({}, {"template": {"spec": {"containers": []}}}, ["Required template.spec.containers: Required value"]),
]
# fmt: on
