"""What is refused of NetworkPolicy: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web"}, "spec":
    {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [{"podSelector": {}},
    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}], "ports": [{"port": 80,
    "endPort": 90}, {"protocol": "UDP", "port": "dns"}]}]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"podSelector": {"matchLabels": {"app": "b c"}}}},
        ["Invalid spec.podSelector.matchLabels: Invalid value: \"b c\": a valid label must be an empty string…"]),
    ({"spec": {"policyTypes": ["Both"]}},
        ["NotSupported spec.policyTypes[0]: Unsupported value: \"Both\": supported values: \"Ingress\", \"Egress\""]),
    ({"spec": {"policyTypes": ["Ingress", "Egress", "Ingress"]}},
        ["Invalid spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"Ingress\"]: may not specify more…"]),
    ({"spec": {"ingress": [{"ports": [{"port": 0}]}]}},
        ["Invalid spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
    ({"spec": {"ingress": [{"ports": [{"port": 70000}]}]}},
        ["Invalid spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive"]),
    ({"spec": {"ingress": [{"ports": [{"port": 80, "endPort": 79}]}]}},
        ["Invalid spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`"]),
    ({"spec": {"ingress": [{"ports": [{"port": 80, "endPort": 70000}]}]}},
        ["Invalid spec.ingress[0].ports[0].endPort: Invalid value: 70000: must be between 1 and 65535, inclus…"]),
    ({"spec": {"ingress": [{"ports": [{"port": "dns", "endPort": 70}]}]}},
        ["Invalid spec.ingress[0].ports[0].endPort: Invalid value: 70: may not be specified when `port` is no…"]),
    ({"spec": {"ingress": [{"ports": [{"endPort": 70}]}]}},
        ["Invalid spec.ingress[0].ports[0].endPort: Invalid value: 70: may not be specified when `port` is no…"]),
    ({"spec": {"ingress": [{"ports": [{"port": "D_NS"}]}]}},
        ["Invalid spec.ingress[0].ports[0].port: Invalid value: \"D_NS\": must contain only alpha-numeric cha…",
        "Invalid spec.ingress[0].ports[0].port: Invalid value: \"D_NS\": must contain at least one letter (a-z)"]),
    ({"spec": {"ingress": [{"ports": [{"protocol": "ICMP"}]}]}},
        ["NotSupported spec.ingress[0].ports[0].protocol: Unsupported value: \"ICMP\": supported values: \"T…"]),
    ({"spec": {"ingress": [{"from": [{}]}]}},
        ["Required spec.ingress[0].from[0]: Required value: must specify a peer"]),
    ({"spec": {"ingress": [{"from": [{"podSelector": {}, "ipBlock": {"cidr": "10.0.0.0/8"}}]}]}},
        ["Forbidden spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"]),
    ({"spec": {"ingress": [{"from": [{"podSelector": {"matchExpressions": [{"key": "app", "operator":
        "Like"}]}}]}]}},
        ["Invalid spec.ingress[0].from[0].podSelector.matchExpressions[0].operator: Invalid value: \"Like\": …"]),
    ({"spec": {"ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"/": "x"}}}]}]}},
        ["Invalid spec.ingress[0].from[0].namespaceSelector.matchLabels: Invalid value: \"/\": prefix part mu…",
        "Invalid spec.ingress[0].from[0].namespaceSelector.matchLabels: Invalid value: \"/\": name part must…",
        "Invalid spec.ingress[0].from[0].namespaceSelector.matchLabels: Invalid value: \"/\": name part must…"]),
    ({"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": ""}}]}]}},
        ["Required spec.ingress[0].from[0].ipBlock.cidr: Required value"]),
    ({"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0"}}]}]}},
        ["Invalid spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.0\": must be a valid CIDR val…"]),
    ({"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["11.0.0.0/16"]}}]}]}},
        ["Invalid spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/16\": must be a strict…"]),
    ({"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8", "x"]}}]}]}},
        ["Invalid spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"10.0.0.0/8\": must be a strict …",
        "Invalid spec.ingress[0].from[0].ipBlock.except[1]: Invalid value: \"x\": must be a valid CIDR value…"]),
    ({"spec": {"egress": [{"to": [{}]}]}}, ["Required spec.egress[0].to[0]: Required value: must specify a peer"]),
    ({"spec": {"egress": [{"ports": [{"port": "x", "endPort": 1}]}]}},
        ["Invalid spec.egress[0].ports[0].endPort: Invalid value: 1: may not be specified when `port` is non-…"]),
    ({"spec": {"egress": [{"to": [{"ipBlock": {"cidr": "::/129"}}]}]}},
        ["Invalid spec.egress[0].to[0].ipBlock.cidr: Invalid value: \"::/129\": must be a valid CIDR value, (…"]),
    ({"metadata": {"name": "A"}},
        ["Invalid metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower c…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"policyTypes": ["None"]}},
        ["NotSupported spec.policyTypes[0]: Unsupported value: \"None\": supported values: \"Ingress\", \"Egress\""]),
]
# fmt: on
