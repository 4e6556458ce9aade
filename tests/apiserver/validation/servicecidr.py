"""What is refused of ServiceCIDR: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "more"}, "spec": {"cidrs":
    ["10.1.0.0/16"]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"cidrs": []}}, ["Required spec.cidrs: Required value: at least one CIDR required"]),
    ({"spec": {"cidrs": ["10.1.0.0/16", "fd00::/64", "10.2.0.0/16"]}},
        ["Invalid spec.cidrs: Invalid value: {\"cidrs\":[\"10.1.0.0/16\",\"fd00::/64\",\"10.2.0.0/16\"]}: may…"]),
    ({"spec": {"cidrs": ["10.1.0.0/16", "10.2.0.0/16"]}},
        ["Invalid spec.cidrs: Invalid value: [\"10.1.0.0/16\",\"10.2.0.0/16\"]: may specify no more than one …"]),
    ({"spec": {"cidrs": ["x"]}},
        ["Invalid spec.cidrs[0]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:…"]),
    ({"spec": {"cidrs": ["10.1.0.1/16"]}},
        ["Invalid spec.cidrs[0]: Invalid value: \"10.1.0.1/16\": must not have bits set beyond the prefix length"]),
    ({"spec": {"cidrs": ["10.01.0.0/16"]}},
        ["Invalid spec.cidrs[0]: Invalid value: \"10.01.0.0/16\": must not have leading 0s in IP or prefix le…"]),
    ({"spec": {"cidrs": ["10.1.0.0/016"]}},
        ["Invalid spec.cidrs[0]: Invalid value: \"10.1.0.0/016\": must not have leading 0s in IP or prefix le…"]),
    ({"spec": {"cidrs": ["fd00:0::/64"]}},
        ["Invalid spec.cidrs[0]: Invalid value: \"fd00:0::/64\": must be in canonical form (\"fd00::/64\")"]),
    ({"spec": {"cidrs": ["::ffff:1.2.0.0/112"]}},
        ["Invalid spec.cidrs[0]: Invalid value: \"::ffff:1.2.0.0/112\": must not have an IPv4-mapped IPv6 add…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"cidrs": ["10.2.0.0/16"]}},
        ["Invalid spec.cidrs[0]: Invalid value: \"10.2.0.0/16\": field is immutable"]),
    ({}, {"spec": {"cidrs": ["10.1.0.0/16", "10.2.0.0/16"]}},
        ["Invalid spec.cidrs: Invalid value: [\"10.1.0.0/16\",\"10.2.0.0/16\"]: may specify no more than one …"]),
    ({}, {"spec": {"cidrs": ["10.2.0.0/16", "fd00::/64"]}},
        ["Invalid spec.cidrs[0]: Invalid value: \"10.2.0.0/16\": field is immutable"]),
    ({"spec": {"cidrs": ["10.1.0.0/16", "fd00::/64"]}}, {"spec": {"cidrs": ["10.1.0.0/16"]}},
        ["Invalid spec.cidrs: Invalid value: [\"10.1.0.0/16\"]: field is immutable"]),
]
# fmt: on
