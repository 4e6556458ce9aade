"""What is refused of MutatingWebhookConfiguration: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata":
    {"name": "hooks"}, "webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name":
    "s", "namespace": "n", "path": "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""],
    "apiVersions": ["v1"], "resources": ["pods"]}], "sideEffects": "None",
    "admissionReviewVersions": ["v1"]}]}
MISTAKES: list[Mistake] = [
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "reinvocationPolicy": "Always"}]},
        ["NotSupported webhooks[0].reinvocationPolicy: Unsupported value: \"Always\": supported values: \"IfN…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "Some", "admissionReviewVersions": ["v1"]}]},
        ["NotSupported webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"No…"]),
    ({"webhooks": [{"name": "a.b", "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/x"}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources":
        ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three segments s…"]),
]
CHANGES: list[Change] = [
]
# fmt: on
