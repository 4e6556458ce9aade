"""What is refused of a core/v1 Event that has an eventTime: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "default"}, "involvedObject": {
    "namespace": "default", "kind": "Pod"}, "eventTime": "2026-01-01T00:00:00.000000Z", "reportingComponent": "a/b",
    "reportingInstance": "i", "action": "A", "reason": "R", "type": "Normal"}
MISTAKES: list[Mistake] = [
    ({"reportingComponent": None}, ["Required reportingComponent: Required value",
        "Invalid reportingComponent: Invalid value: \"\": name part must be non-empty",
        "Invalid reportingComponent: Invalid value: \"\": name part must consist of alphanumeric characters, '…"]),
    ({"reportingComponent": "a b"}, [
        "Invalid reportingComponent: Invalid value: \"a b\": name part must consist of alphanumeric characters…"]),
    ({"reportingInstance": None}, ["Required reportingInstance: Required value"]),
    ({"action": None}, ["Required action: Required value"]),
    ({"reason": None}, ["Required reason: Required value"]),
    ({"action": "x" * 129}, ["Invalid action: Invalid value: \"\": can have at most 128 characters"]),
    ({"reason": "x" * 129}, ["Invalid reason: Invalid value: \"\": can have at most 128 characters"]),
    ({"reportingInstance": "x" * 129}, [
        "Invalid reportingInstance: Invalid value: \"\": can have at most 128 characters"]),
    ({"message": "x" * 1025}, ["Invalid message: Invalid value: \"\": can have at most 1024 characters"]),
]
CHANGES: list[Change] = [
]
# fmt: on
