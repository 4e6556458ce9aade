"""What is refused of PriorityClass: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000}
MISTAKES: list[Mistake] = [
    ({"value": 1000000001},
        ["Forbidden value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
    ({"metadata": {"name": "system-high"}},
        ["Forbidden metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for sys…"]),
    ({"metadata": {"name": "system-node-critical"}},
        ["Forbidden metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for sys…"]),
    ({"metadata": {"name": "system-node-critical"}, "value": 2000001000, "globalDefault": True},
        ["Forbidden metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for sys…"]),
    ({"preemptionPolicy": "Sometimes"},
        ["NotSupported preemptionPolicy: Unsupported value: \"Sometimes\": supported values: \"PreemptLowerPrior…"]),
    ({"metadata": {"name": "A"}},
        ["Invalid metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower cas…"]),
]
CHANGES: list[Change] = [
    ({}, {"value": 7}, ["Forbidden value: Forbidden: may not be changed in an update."]),
    ({}, {"preemptionPolicy": "Never"}, ["Invalid preemptionPolicy: Invalid value: \"Never\": field is immutable"]),
]
# fmt: on
