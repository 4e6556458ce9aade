"""What is refused of IPAddress: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "networking.k8s.io/v1", "kind": "IPAddress", "metadata": {"name": "10.0.0.1"}, "spec":
    {"parentRef": {"resource": "services", "name": "web", "namespace": "default"}}}
MISTAKES: list[Mistake] = [
    ({"metadata": {"name": "x"}},
        ["Invalid metadata.name: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8…"]),
    ({"metadata": {"name": "10.0.0.01"}},
        ["Invalid metadata.name: Invalid value: \"10.0.0.01\": must not have leading 0s"]),
    ({"metadata": {"name": "fd00:0::1"}},
        ["Invalid metadata.name: Invalid value: \"fd00:0::1\": must be in canonical form (\"fd00::1\")"]),
    ({"metadata": {"name": "::ffff:10.0.0.1"}},
        ["Invalid metadata.name: Invalid value: \"::ffff:10.0.0.1\": must not be an IPv4-mapped IPv6 address"]),
    ({"spec": {"parentRef": None}}, ["Required spec.parentRef: Required value"]),
    ({"spec": {"parentRef": {"group": "A_"}}},
        ["Invalid spec.parentRef.group: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of…"]),
    ({"spec": {"parentRef": {"resource": ""}}}, ["Required spec.parentRef.resource: Required value"]),
    ({"spec": {"parentRef": {"resource": "a/b"}}},
        ["Invalid spec.parentRef.resource: Invalid value: \"a/b\": may not contain '/'"]),
    ({"spec": {"parentRef": {"name": ""}}}, ["Required spec.parentRef.name: Required value"]),
    ({"spec": {"parentRef": {"name": ".."}}},
        ["Invalid spec.parentRef.name: Invalid value: \"..\": may not be '..'"]),
    ({"spec": {"parentRef": {"namespace": "a/b"}}},
        ["Invalid spec.parentRef.namespace: Invalid value: \"a/b\": may not contain '/'"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"parentRef": {"name": "other"}}},
        ["Invalid spec.parentRef: Invalid value: {\"resource\":\"services\",\"name\":\"other\",\"namespace…"]),
]
# fmt: on
