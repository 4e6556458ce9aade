"""What is refused of PersistentVolumeClaim: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": {"accessModes":
    ["ReadWriteOnce"], "storageClassName": "standard", "resources": {"requests": {"storage": "1Gi"}}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"accessModes": []}},
        ["Required spec.accessModes: Required value: at least 1 access mode is required"]),
    ({"spec": {"accessModes": ["Some"]}},
        ["NotSupported spec.accessModes: Unsupported value: \"Some\": supported values: \"ReadOnlyMany\", \"ReadWr…"]),
    ({"spec": {"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]}},
        ["Forbidden spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"]),
    ({"spec": {"resources": None}}, ["Required spec.resources[storage]: Required value"]),
    ({"spec": {"resources": {"requests": {"storage": "0"}}}},
        ["Invalid spec.resources[storage]: Invalid value: \"0\": must be greater than zero"]),
    ({"spec": {"resources": {"requests": {"storage": "-1"}}}},
        ["Invalid spec.resources[storage]: Invalid value: \"-1\": must be greater than zero"]),
    ({"spec": {"storageClassName": "A B"}},
        ["Invalid spec.storageClassName: Invalid value: \"A B\": a lowercase RFC 1123 subdomain must consist of…"]),
    ({"spec": {"volumeMode": "Tape"}},
        ["NotSupported spec.volumeMode: Unsupported value: \"Tape\": supported values: \"Block\", \"Filesystem\""]),
    ({"spec": {"selector": {"matchLabels": {"a": "b c"}}}},
        ["Invalid spec.selector.matchLabels: Invalid value: \"b c\": a valid label must be an empty string or c…"]),
    ({"spec": {"dataSource": {"kind": "Other", "name": "x"}, "dataSourceRef": {"kind": "Other", "name": "x"}}},
        ["Invalid spec.dataSource: Invalid value: \"Other\": must be 'PersistentVolumeClaim' when referencing t…",
        "Invalid spec.dataSourceRef: Invalid value: \"Other\": must be 'PersistentVolumeClaim' when referencin…"]),
    ({"spec": {"dataSource": {"kind": "PersistentVolumeClaim", "name": ""}}},
        ["Required spec.dataSource.name: Required value", "Required spec.dataSourceRef.name: Required value"]),
    ({"metadata": {"name": "A"}},
        ["Invalid metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower cas…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"resources": {"requests": {"storage": "2Gi"}}}},
        ["Forbidden spec: Forbidden: spec is immutable after creation except resources.requests and volumeAtt…"]),
    ({}, {"spec": {"volumeMode": "Block"}},
        ["Forbidden spec: Forbidden: spec is immutable after creation except resources.requests and volumeAtt…",
        "Invalid volumeMode: Invalid value: \"Block\": field is immutable"]),
    ({"spec": {"volumeName": "a"}}, {"spec": {"volumeName": "b"}},
        ["Forbidden spec: Forbidden: spec is immutable after creation except resources.requests and volumeAtt…"]),
    ({}, {"spec": {"resources": {"requests": {"storage": "1Mi"}}}},
        ["Forbidden spec: Forbidden: spec is immutable after creation except resources.requests and volumeAtt…"]),
]
# fmt: on
