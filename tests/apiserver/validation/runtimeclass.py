"""What is refused of RuntimeClass: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "r"}, "handler": "h"}
MISTAKES: list[Mistake] = [
    ({"handler": "&!@#"}, [
        "Invalid handler: Invalid value: \"&!@#\": a lowercase RFC 1123 label must consist of lower case alphanu…"]),
    ({"handler": ""}, [
        "Invalid handler: Invalid value: \"\": a lowercase RFC 1123 label must consist of lower case alphanumeri…"]),
    ({"overhead": {"podFixed": {"cpu": "-1"}}}, [
        "Invalid overhead.limits[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"]),
    ({"scheduling": {"nodeSelector": {"a b": "c"}}}, [
        "Invalid scheduling.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric charact…"]),
    ({"scheduling": {"tolerations": [{"operator": "Equal"}]}}, [
        "Invalid scheduling.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key…"]),
    ({"scheduling": {"tolerations": [{"key": "a", "operator": "Exists"}, {"key": "a", "operator": "Exists"}]}}, [
        "Duplicate scheduling.tolerations[1]: Duplicate value: {\"key\":\"a\",\"operator\":\"Exists\"}"]),
]
CHANGES: list[Change] = [
    ({}, {"handler": "other"}, [
        "Invalid handler: Invalid value: \"other\": field is immutable"]),
]
# fmt: on
