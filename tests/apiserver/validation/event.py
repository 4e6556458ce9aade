"""What is refused of Event of core/v1: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "default"}, "involvedObject": {
    "namespace": "default", "kind": "Pod", "name": "p"}, "reason": "R", "message": "m"}
MISTAKES: list[Mistake] = [
    ({"involvedObject": {"namespace": "other"}}, [
        "Invalid involvedObject.namespace: Invalid value: \"other\": does not match event.namespace"]),
    ({"eventTime": "2026-01-01T00:00:00.000000Z"}, ["Required reportingComponent: Required value",
        "Invalid reportingComponent: Invalid value: \"\": name part must be non-empty",
        "Invalid reportingComponent: Invalid value: \"\": name part must consist of alphanumeric characters, '…",
        "Required reportingInstance: Required value", "Required action: Required value"]),
]
CHANGES: list[Change] = [
]
# fmt: on
