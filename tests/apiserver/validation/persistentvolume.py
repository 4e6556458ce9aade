"""What is refused of PersistentVolume: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "disk"}, "spec": {"accessModes":
    ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/srv"}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"accessModes": []}}, ["Required spec.accessModes: Required value"]),
    ({"spec": {"accessModes": ["Some"]}},
        ["NotSupported spec.accessModes: Unsupported value: \"Some\": supported values: \"ReadOnlyMany\", \"ReadWr…"]),
    ({"spec": {"accessModes": ["ReadWriteOnce", "ReadWriteOncePod"]}},
        ["Forbidden spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"]),
    ({"spec": {"capacity": {"storage": "0"}}},
        ["Invalid spec.capacity[storage]: Invalid value: \"0\": must be greater than zero"]),
    ({"spec": {"capacity": {"cpu": "1"}}},
        ["NotSupported spec.capacity: Unsupported value: {\"storage\":\"1Gi\",\"cpu\":\"1\"}: supported values: \"…"]),
    ({"spec": {"persistentVolumeReclaimPolicy": "Burn"}},
        ["NotSupported spec.persistentVolumeReclaimPolicy: Unsupported value: \"Burn\": supported values: \"Dele…"]),
    ({"spec": {"hostPath": {"path": "/"}, "persistentVolumeReclaimPolicy": "Recycle"}},
        ["Forbidden spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount …"]),
    ({"spec": {"hostPath": {"path": "/a/../b"}}},
        ["Invalid spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"]),
    ({"spec": {"hostPath": {"path": ""}}}, ["Required spec.hostPath.path: Required value"]),
    ({"spec": {"hostPath": None}}, ["Required spec: Required value: must specify a volume type"]),
    ({"spec": {"local": {"path": "/x"}}},
        ["Forbidden spec.local: Forbidden: may not specify more than 1 volume type"]),
    ({"spec": {"hostPath": None, "local": {"path": "/x"}}},
        ["Required spec.nodeAffinity: Required value: Local volume requires node affinity"]),
    ({"spec": {"hostPath": None, "local": {"path": "/../x"}, "nodeAffinity": {"required": {"nodeSelectorTerms":
        [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}}},
        ["Invalid spec.local.path: Invalid value: \"/../x\": must not contain '..'"]),
    ({"spec": {"hostPath": None, "local": {"path": ""}, "nodeAffinity": {"required": {"nodeSelectorTerms":
        [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]}}}},
        ["Required spec.local.path: Required value"]),
    ({"spec": {"hostPath": None, "csi": {"driver": "a", "volumeHandle": ""}}},
        ["Required spec.csi.volumeHandle: Required value"]),
    ({"spec": {"hostPath": None, "csi": {"driver": "", "volumeHandle": "x"}}},
        ["Required spec.csi.driver: Required value",
        "Invalid spec.csi.driver: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower ca…"]),
    ({"spec": {"hostPath": None, "csi": {"driver": "A B", "volumeHandle": "x"}}},
        ["Invalid spec.csi.driver: Invalid value: \"A B\": a lowercase RFC 1123 subdomain must consist of lower…"]),
    ({"spec": {"nodeAffinity": {}}},
        ["Required spec.nodeAffinity.required: Required value: must specify required node constraints"]),
    ({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": []}}}},
        ["Required spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node …"]),
    ({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a b", "operator":
        "In", "values": ["x y"]}]}]}}}},
        ["Invalid spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: Invalid value: \"a …",
        "Invalid spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values[0]: Invalid valu…"]),
    ({"spec": {"storageClassName": "A B"}},
        ["Invalid spec.storageClassName: Invalid value: \"A B\": a lowercase RFC 1123 subdomain must consist of…"]),
    ({"spec": {"volumeMode": "Tape"}},
        ["NotSupported spec.volumeMode: Unsupported value: \"Tape\": supported values: \"Block\", \"Filesystem\""]),
    ({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator":
        "In"}], "matchFields": [{"key": "a", "operator": "In", "values": ["a"]}]}]}}}},
        ["Required spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].values: Required value…",
        "Invalid spec.nodeAffinity.required.nodeSelectorTerms[0].matchFields[0].key: Invalid value: \"a\": not…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"hostPath": {"path": "/other"}}},
        ["Forbidden spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after cr…"]),
    ({}, {"spec": {"volumeMode": "Block"}}, ["Invalid volumeMode: Invalid value: \"Block\": field is immutable"]),
    ({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator":
        "In", "values": ["b"]}]}]}}}}, {"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms":
        [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["c"]}]}]}}}},
        ["Invalid nodeAffinity: Invalid value: {\"required\":{\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"…"]),
]
# fmt: on
