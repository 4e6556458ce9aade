"""What is refused of IngressClass: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "web"}, "spec":
    {"controller": "example.com/ingress", "parameters": {"kind": "P", "name": "n"}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"controller": ""}}, ["Required spec.controller: Required value"]),
    ({"spec": {"controller": "x"}},
        ["Invalid spec.controller: Invalid value: \"x\": must be a domain-prefixed path (such as \"acme.io/foo\")"]),
    ({"spec": {"controller": "/x"}},
        ["Invalid spec.controller: Invalid value: \"/x\": must be a domain-prefixed path (such as \"acme.io/foo\")"]),
    ({"spec": {"controller": "A_/x"}},
        ["Invalid spec.controller: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lowe…"]),
    ({"spec": {"controller": "a.b/x y"}},
        ["Invalid spec.controller: Invalid value: \"x y\": Invalid path (regex used for validation is '[A-Za-…"]),
    ({"spec": {"controller":
        "a.b/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}},
        ["TooLong spec.controller: Too long: may not be more than 250 bytes"]),
    ({"spec": {"parameters": {"kind": ""}}}, ["Required spec.parameters.kind: Required value: kind is required"]),
    ({"spec": {"parameters": {"kind": "a/b"}}},
        ["Invalid spec.parameters.kind: Invalid value: \"a/b\": may not contain '/'"]),
    ({"spec": {"parameters": {"name": ""}}}, ["Required spec.parameters.name: Required value: name is required"]),
    ({"spec": {"parameters": {"name": "."}}},
        ["Invalid spec.parameters.name: Invalid value: \".\": may not be '.'"]),
    ({"spec": {"parameters": {"apiGroup": "A_"}}},
        ["Invalid spec.parameters.apiGroup: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consis…"]),
    ({"spec": {"parameters": {"scope": "All"}}},
        ["NotSupported spec.parameters.scope: Unsupported value: \"All\": supported values: \"Cluster\", \"Na…"]),
    ({"spec": {"parameters": {"scope": "Namespace"}}},
        ["Required spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"]),
    ({"spec": {"parameters": {"scope": "Namespace", "namespace": "A"}}},
        ["Invalid spec.parameters.namespace: Invalid value: \"A\": a lowercase RFC 1123 label must consist of…"]),
    ({"spec": {"parameters": {"namespace": "x"}}},
        ["Forbidden spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"controller": "example.com/other"}},
        ["Invalid spec.controller: Invalid value: \"example.com/other\": field is immutable"]),
]
# fmt: on
