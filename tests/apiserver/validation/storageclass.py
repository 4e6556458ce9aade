"""What is refused of StorageClass: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "fast"}, "provisioner":
    "example.com/disk", "parameters": {"a": "b"}}
MISTAKES: list[Mistake] = [
    ({"provisioner": None}, ["Required provisioner: Required value"]),
    ({"provisioner": "a b"},
        ["Invalid provisioner: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', …"]),
    ({"parameters": {"": "x"}}, ["Invalid parameters: Invalid value: \"\": field can not be empty."]),
    ({"reclaimPolicy": "Recycle"},
        ["NotSupported reclaimPolicy: Unsupported value: \"Recycle\": supported values: \"Delete\", \"Retain\""]),
    ({"volumeBindingMode": "Later"},
        ["NotSupported volumeBindingMode: Unsupported value: \"Later\": supported values: \"Immediate\", \"WaitFor…"]),
    ({"metadata": {"name": "A"}},
        ["Invalid metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower cas…"]),
]
CHANGES: list[Change] = [
    ({}, {"parameters": {"a": "c"}}, ["Forbidden parameters: Forbidden: updates to parameters are forbidden."]),
    ({}, {"provisioner": "other"}, ["Forbidden provisioner: Forbidden: updates to provisioner are forbidden."]),
    ({}, {"reclaimPolicy": "Retain"},
        ["Forbidden reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden."]),
    ({}, {"volumeBindingMode": "WaitForFirstConsumer"},
        ["Invalid volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable"]),
]
# fmt: on
