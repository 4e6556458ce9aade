"""What is refused of Event of events.k8s.io/v1: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e", "namespace": "default"},
    "regarding": {"namespace": "default", "kind": "Pod"}, "eventTime": "2026-01-01T00:00:00.000000Z",
    "reportingController": "a/b", "reportingInstance": "i", "action": "A", "reason": "R", "type": "Normal"}
MISTAKES: list[Mistake] = [
    ({"eventTime": None}, ["Required eventTime: Required value"]),
    ({"reportingController": None}, ["Required reportingController: Required value",
        "Invalid reportingController: Invalid value: \"\": name part must be non-empty",
        "Invalid reportingController: Invalid value: \"\": name part must consist of alphanumeric characters, …"]),
    ({"reportingController": "a b"}, [
        "Invalid reportingController: Invalid value: \"a b\": name part must consist of alphanumeric character…"]),
    ({"reportingInstance": None}, ["Required reportingInstance: Required value"]),
    ({"action": None}, ["Required action: Required value"]),
    ({"reason": None}, ["Required reason: Required value"]),
    ({"note": "x" * 1025}, ["Invalid message: Invalid value: \"\": can have at most 1024 characters"]),
    ({"type": "Some"}, ["Invalid type: Invalid value: \"\": has invalid value: Some"]),
    ({"type": None}, ["Invalid type: Invalid value: \"\": has invalid value: "]),
    ({"deprecatedCount": 1}, ["Invalid count: Invalid value: \"\": needs to be unset"]),
    ({"deprecatedSource": {"component": "x"}}, ["Invalid source: Invalid value: \"\": needs to be unset"]),
    ({"deprecatedFirstTimestamp": "2026-01-01T00:00:00Z"}, [
        "Invalid firstTimestamp: Invalid value: \"\": needs to be unset"]),
    ({"deprecatedLastTimestamp": "2026-01-01T00:00:00Z"}, [
        "Invalid lastTimestamp: Invalid value: \"\": needs to be unset"]),
    ({"series": {"count": 1, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}, [
        "Invalid series.count: Invalid value: \"\": should be at least 2"]),
    ({"series": {"count": 2}}, ["Required series.lastObservedTime: Required value"]),
    ({"action": "x" * 129}, ["Invalid action: Invalid value: \"\": can have at most 128 characters"]),
    ({"reason": "x" * 129}, ["Invalid reason: Invalid value: \"\": can have at most 128 characters"]),
    ({"reportingInstance": "x" * 129}, [
        "Invalid reportingInstance: Invalid value: \"\": can have at most 128 characters"]),
    ({"metadata": {"namespace": "team"}, "regarding": {"namespace": None}}, [
        "Invalid involvedObject.namespace: Invalid value: \"\": does not match event.namespace"]),
]
CHANGES: list[Change] = [
    ({}, {"reason": "Other"}, ["Invalid reason: Invalid value: \"Other\": field is immutable"]),
    ({}, {"note": "Other"}, ["Invalid message: Invalid value: \"Other\": field is immutable"]),
    ({}, {"series": {"count": 1}}, ["Invalid series.count: Invalid value: \"\": should be at least 2",
        "Required series.lastObservedTime: Required value"]),
    ({}, {"regarding": {"kind": "X"}}, [
        "Invalid involvedObject: Invalid value: {\"namespace\":\"default\",\"kind\":\"X\"}: field is immutable"]),
    ({}, {"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}, []),
    ({}, {"action": "B"}, ["Invalid action: Invalid value: \"B\": field is immutable"]),
    ({}, {"related": {"kind": "X"}}, ["Invalid related: Invalid value: {\"kind\":\"X\"}: field is immutable"]),
    ({}, {"eventTime": "2026-01-02T00:00:00.000000Z"}, [
        "Invalid eventTime: Invalid value: \"2026-01-02T00:00:00.000000Z\": field is immutable"]),
    ({}, {"reportingInstance": "j"}, ["Invalid reportingInstance: Invalid value: \"j\": field is immutable"]),
    ({}, {"reportingController": "c/d"}, ["Invalid reportingController: Invalid value: \"c/d\": field is immutable"]),
    ({}, {"type": "Warning"}, ["Invalid type: Invalid value: \"Warning\": field is immutable"]),
    ({}, {"deprecatedCount": 2}, ["Invalid count: Invalid value: 2: field is immutable"]),
    ({}, {"deprecatedFirstTimestamp": "2026-01-01T00:00:00Z"}, [
        "Invalid firstTimestamp: Invalid value: \"2026-01-01T00:00:00Z\": field is immutable"]),
    ({}, {"deprecatedLastTimestamp": "2026-01-01T00:00:00Z"}, [
        "Invalid lastTimestamp: Invalid value: \"2026-01-01T00:00:00Z\": field is immutable"]),
    ({}, {"deprecatedSource": {"component": "x"}}, [
        "Invalid source: Invalid value: {\"component\":\"x\"}: field is immutable"]),
]
# fmt: on
