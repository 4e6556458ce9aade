"""What is refused of PodDisruptionBudget: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec":
    {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"maxUnavailable": 1}},
        ["Invalid spec: Invalid value: {\"minAvailable\":1,\"selector\":{\"matchLabels\":{\"app\":\"web\"}},…"]),
    ({"spec": {"minAvailable": -1}},
        ["Invalid spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"minAvailable": "x"}},
        ["Invalid spec.minAvailable: Invalid value: \"x\": a valid percent string must be a numeric string foll…"]),
    ({"spec": {"minAvailable": "101%"}},
        ["Invalid spec.minAvailable: Invalid value: \"101%\": must not be greater than 100%"]),
    ({"spec": {"minAvailable": None, "maxUnavailable": -1}},
        ["Invalid spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"minAvailable": None, "maxUnavailable": "x"}},
        ["Invalid spec.maxUnavailable: Invalid value: \"x\": a valid percent string must be a numeric string fo…"]),
    ({"spec": {"minAvailable": None, "maxUnavailable": "101%"}},
        ["Invalid spec.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%"]),
    ({"spec": {"selector": {"matchLabels": {"app": "b c"}}}},
        ["Invalid spec.selector.matchLabels: Invalid value: \"b c\": a valid label must be an empty string or c…"]),
    ({"spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "Like"}]}}},
        ["Invalid spec.selector.matchExpressions[0].operator: Invalid value: \"Like\": not a valid selector ope…"]),
    ({"spec": {"unhealthyPodEvictionPolicy": "Never"}},
        ["NotSupported spec.unhealthyPodEvictionPolicy: Unsupported value: \"Never\": supported values: \"Always…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"maxUnavailable": 1}},
        ["Invalid spec: Invalid value: {\"minAvailable\":1,\"selector\":{\"matchLabels\":{\"app\":\"web\"}},…"]),
]
# fmt: on
