"""What is refused of CSIStorageCapacity: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIStorageCapacity", "metadata": {"name": "c"},
    "storageClassName": "fast", "capacity": "1Gi", "nodeTopology": {"matchLabels": {"zone": "a"}}}
MISTAKES: list[Mistake] = [
    ({"storageClassName": "A_"},
        ["Invalid storageClassName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of low…"]),
    ({"storageClassName": ""},
        ["Invalid storageClassName: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower…"]),
    ({"capacity": "-1"}, ["Invalid capacity: Invalid value: \"-1\": must be greater than or equal to 0"]),
    ({"nodeTopology": {"matchLabels": {"zone": "a b"}}},
        ["Invalid nodeTopology.matchLabels: Invalid value: \"a b\": a valid label must be an empty string or …"]),
]
CHANGES: list[Change] = [
    ({}, {"storageClassName": "slow"}, ["Invalid storageClassName: Invalid value: \"slow\": field is immutable"]),
    ({}, {"nodeTopology": {"matchLabels": {"zone": "b"}}},
        ["Invalid nodeTopology: Invalid value: {\"matchLabels\":{\"zone\":\"b\"}}: field is immutable"]),
]
# fmt: on
