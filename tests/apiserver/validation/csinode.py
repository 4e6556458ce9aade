"""What is refused of CSINode: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "storage.k8s.io/v1", "kind": "CSINode", "metadata": {"name": "n"}, "spec": {"drivers":
    [{"name": "d.example", "nodeID": "1", "topologyKeys": ["example.com/zone"]}]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"drivers": [{"name": "", "nodeID": "1"}]}}, ["Required spec.drivers[0].name: Required value",
        "Invalid spec.drivers[0].name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of l…"]),
    ({"spec": {"drivers": [{"name": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "nodeID":
        "1"}]}}, ["TooLong spec.drivers[0].name: Too long: may not be more than 63 bytes"]),
    ({"spec": {"drivers": [{"name": "A_", "nodeID": "1"}]}},
        ["Invalid spec.drivers[0].name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of…"]),
    ({"spec": {"drivers": [{"name": "d.example", "nodeID": ""}]}},
        ["Required spec.drivers[0].nodeID: Required value"]),
    ({"spec": {"drivers": [{"name": "d.example", "nodeID":
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}]}},
        ["Invalid spec.drivers[0].nodeID: Invalid value: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"]),
    ({"spec": {"drivers": [{"name": "d.example", "nodeID": "1", "allocatable": {"count": -1}}]}},
        ["Invalid spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"drivers": [{"name": "d.example", "nodeID": "1", "topologyKeys": ["", "a", "a", "a b"]}]}},
        ["Required spec.drivers[0]: Required value",
        "Invalid spec.drivers[0]: Invalid value: \"\": name part must be non-empty",
        "Invalid spec.drivers[0]: Invalid value: \"\": name part must consist of alphanumeric characters, '-…",
        "Duplicate spec.drivers[0]: Duplicate value: \"a\"",
        "Invalid spec.drivers[0]: Invalid value: \"a b\": name part must consist of alphanumeric characters,…"]),
    ({"spec": {"drivers": [{"name": "a", "nodeID": "1"}, {"name": "a", "nodeID": "1"}]}},
        ["Duplicate spec.drivers[1].name: Duplicate value: \"a\""]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"drivers": [{"name": "d.example", "nodeID": "2"}]}},
        ["Invalid spec.drivers: Invalid value: {\"name\":\"d.example\",\"nodeID\":\"2\"}: field is immutable"]),
]
# fmt: on
