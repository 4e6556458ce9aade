"""What is refused of ValidatingAdmissionPolicyBinding: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding", "metadata":
    {"name": "a"}, "spec": {"policyName": "p", "validationActions": ["Deny"]}}
MISTAKES: list[Mistake] = [
    ({"metadata": {"name": "A_"}},
        ["Invalid metadata.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower …"]),
    ({"spec": {"policyName": None}}, ["Required spec.policyName: Required value"]),
    ({"spec": {"policyName": "A_"}},
        ["Invalid spec.policyName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lowe…"]),
    ({"spec": {"validationActions": []}},
        ["Required spec.validationActions: Required value: at least one validation action is required"]),
    ({"spec": {"validationActions": None}},
        ["Required spec.validationActions: Required value: at least one validation action is required"]),
    ({"spec": {"validationActions": ["Scream"]}},
        ["NotSupported spec.validationActions[0]: Unsupported value: \"Scream\": supported values: \"Audit\"…"]),
    ({"spec": {"validationActions": ["Deny", "Deny"]}},
        ["Duplicate spec.validationActions[1]: Duplicate value: \"Deny\""]),
    ({"spec": {"validationActions": ["Deny", "Warn"]}},
        ["Invalid spec.validationActions: Invalid value: []admissionregistration.ValidationAction{\"Deny\", …"]),
    ({"spec": {"validationActions": ["Audit", "Warn", "Audit"]}},
        ["Duplicate spec.validationActions[2]: Duplicate value: \"Audit\""]),
    ({"spec": {"paramRef": {"name": "a/b", "parameterNotFoundAction": "Deny"}}},
        ["Invalid spec.paramRef.name: Invalid value: \"a/b\": may not contain '/'"]),
    ({"spec": {"paramRef": {"name": "n", "parameterNotFoundAction": "Deny", "selector": {}}}},
        ["Forbidden spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
        "Forbidden spec.paramRef.selector: Forbidden: name and selector are mutually exclusive"]),
    ({"spec": {"paramRef": {"name": None, "parameterNotFoundAction": "Deny"}}},
        ["Required spec.paramRef: Required value: one of name or selector must be specified"]),
    ({"spec": {"paramRef": {"name": None, "parameterNotFoundAction": "Deny", "selector": {"matchLabels": {"a b":
        "c"}}}}},
        ["Invalid spec.paramRef.selector.matchLabels: Invalid value: \"a b\": name part must consist of alpha…"]),
    ({"spec": {"paramRef": {"name": "n", "parameterNotFoundAction": None}}},
        ["Required spec.paramRef.parameterNotFoundAction: Required value"]),
    ({"spec": {"paramRef": {"name": "n", "parameterNotFoundAction": "Maybe"}}},
        ["NotSupported spec.paramRef.parameterNotFoundAction: Unsupported value: \"Maybe\": supported values…"]),
    ({"spec": {"paramRef": {"name": "..", "parameterNotFoundAction": "Deny", "selector": {"matchExpressions":
        [{"key": "a", "operator": "Is"}]}}}},
        ["Invalid spec.paramRef.name: Invalid value: \"..\": may not be '..'",
        "Forbidden spec.paramRef.name: Forbidden: name and selector are mutually exclusive",
        "Invalid spec.paramRef.selector.matchExpressions[0].operator: Invalid value: \"Is\": not a valid sel…",
        "Forbidden spec.paramRef.selector: Forbidden: name and selector are mutually exclusive"]),
    ({"spec": {"matchResources": {"matchPolicy": "Maybe"}}},
        ["NotSupported spec.matchResources.matchPolicy: Unsupported value: \"Maybe\": supported values: \"Equ…"]),
    ({"spec": {"matchResources": {"namespaceSelector": {"matchLabels": {"a b": "c"}}}}},
        ["Invalid spec.matchResources.namespaceSelector.matchLabels: Invalid value: \"a b\": name part must c…"]),
    ({"spec": {"matchResources": {"objectSelector": {"matchLabels": {"a": "b c"}}}}},
        ["Invalid spec.matchResources.objectSelector.matchLabels: Invalid value: \"b c\": a valid label must …"]),
    ({"spec": {"matchResources": {"resourceRules": [{"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions":
        ["v1"], "resources": []}]}}},
        ["Required spec.matchResources.resourceRules[0].resources: Required value"]),
    ({"spec": {"matchResources": {"excludeResourceRules": [{"operations": ["CREATE"], "apiGroups": ["apps"],
        "apiVersions": ["v1"], "resources": ["deployments"], "resourceNames": ["a", "a"]}]}}},
        ["Duplicate spec.matchResources.excludeResourceRules[0].resourceNames[1]: Duplicate value: \"a\""]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"policyName": "A_"}},
        ["Invalid spec.policyName: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lowe…"]),
]
# fmt: on
