"""What is refused of CSIDriver: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver", "metadata": {"name": "d.example"}, "spec": {}}
MISTAKES: list[Mistake] = [
    ({"spec": {"fsGroupPolicy": "All"}},
        ["NotSupported spec.fsGroupPolicy: Unsupported value: \"All\": supported values: \"File\", \"None\",…"]),
    ({"spec": {"tokenRequests": [{"audience": "a"}, {"audience": "a"}]}},
        ["Duplicate spec.tokenRequests[1].audience: Duplicate value: \"a\""]),
    ({"spec": {"tokenRequests": [{"audience": "a", "expirationSeconds": 599}]}},
        ["Invalid spec.tokenRequests[0].expirationSeconds: Invalid value: 599: may not specify a duration les…"]),
    ({"spec": {"tokenRequests": [{"audience": "a", "expirationSeconds": 4294967297}]}},
        ["Invalid spec.tokenRequests[0].expirationSeconds: Invalid value: 4294967297: may not specify a durat…"]),
    ({"spec": {"volumeLifecycleModes": ["Both"]}},
        ["NotSupported spec.volumeLifecycleModes: Unsupported value: \"Both\": supported values: \"Persisten…"]),
    ({"spec": {"nodeAllocatableUpdatePeriodSeconds": 9}}, []),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"attachRequired": False}},
        ["Invalid spec.attachedRequired: Invalid value: false: field is immutable"]),
    ({}, {"spec": {"volumeLifecycleModes": ["Ephemeral"]}},
        ["Invalid spec.volumeLifecycleModes: Invalid value: [\"Ephemeral\"]: field is immutable"]),
]
# fmt: on
