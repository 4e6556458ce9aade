"""What is refused of ValidatingAdmissionPolicy: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name":
    "a.example"}, "spec": {"matchConstraints": {"resourceRules": [{"operations": ["CREATE"],
    "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}]}, "validations":
    [{"expression": "object.spec.replicas <= 5"}]}}
MISTAKES: list[Mistake] = [
    ({"metadata": {"name": "A_"}},
        ["Invalid metadata.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower …"]),
    ({"spec": {"failurePolicy": "Maybe"}},
        ["NotSupported spec.failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", \"Ignore\""]),
    ({"spec": {"matchConstraints": None}}, ["Required spec.matchConstraints: Required value"]),
    ({"spec": {"matchConstraints": {"resourceRules": []}}},
        ["Required spec.matchConstraints.resourceRules: Required value"]),
    ({"spec": {"matchConstraints": {"matchPolicy": "Maybe"}}},
        ["NotSupported spec.matchConstraints.matchPolicy: Unsupported value: \"Maybe\": supported values: \"E…"]),
    ({"spec": {"matchConstraints": {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}}},
        ["Invalid spec.matchConstraints.namespaceSelector.matchExpressions[0].operator: Invalid value: \"Is\"…"]),
    ({"spec": {"matchConstraints": {"objectSelector": {"matchLabels": {"a b": "c"}}}}},
        ["Invalid spec.matchConstraints.objectSelector.matchLabels: Invalid value: \"a b\": name part must co…"]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": ["CREATE"], "apiGroups": ["apps"],
        "apiVersions": ["v1"], "resources": ["deployments"], "resourceNames": ["a/b", "x", "x"]}]}}},
        ["Invalid spec.matchConstraints.resourceRules[0].resourceNames[0]: Invalid value: \"a/b\": may not co…",
        "Duplicate spec.matchConstraints.resourceRules[0].resourceNames[2]: Duplicate value: \"x\""]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": [], "apiGroups": ["apps"], "apiVersions":
        ["v1"], "resources": ["deployments"]}]}}},
        ["Required spec.matchConstraints.resourceRules[0].operations: Required value"]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": ["*", "CREATE"], "apiGroups": ["apps"],
        "apiVersions": ["v1"], "resources": ["deployments"]}]}}},
        ["Invalid spec.matchConstraints.resourceRules[0].operations: Invalid value: []admissionregistration.O…"]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": ["READ"], "apiGroups": ["apps"], "apiVersions":
        ["v1"], "resources": ["deployments"]}]}}},
        ["NotSupported spec.matchConstraints.resourceRules[0].operations[0]: Unsupported value: \"READ\": sup…"]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": ["CREATE"], "apiGroups": [], "apiVersions":
        ["v1"], "resources": ["deployments"]}]}}},
        ["Required spec.matchConstraints.resourceRules[0].apiGroups: Required value"]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": ["CREATE"], "apiGroups": ["apps"],
        "apiVersions": [], "resources": ["deployments"]}]}}},
        ["Required spec.matchConstraints.resourceRules[0].apiVersions: Required value"]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": ["CREATE"], "apiGroups": ["apps"],
        "apiVersions": ["*", "v1"], "resources": ["deployments"]}]}}},
        ["Invalid spec.matchConstraints.resourceRules[0].apiVersions: Invalid value: []string{\"*\", \"v1\"}:…"]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": ["CREATE"], "apiGroups": ["apps"],
        "apiVersions": ["v1"], "resources": []}]}}},
        ["Required spec.matchConstraints.resourceRules[0].resources: Required value"]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": ["CREATE"], "apiGroups": ["apps"],
        "apiVersions": ["v1"], "resources": ["*/*", "a"]}]}}},
        ["Invalid spec.matchConstraints.resourceRules[0].resources: Invalid value: []string{\"*/*\", \"a\"}: …"]),
    ({"spec": {"matchConstraints": {"resourceRules": [{"operations": ["CREATE"], "apiGroups": ["apps"],
        "apiVersions": ["v1"], "resources": ["deployments"], "scope": "x"}]}}},
        ["NotSupported spec.matchConstraints.resourceRules[0].scope: Unsupported value: \"x\": supported valu…"]),
    ({"spec": {"matchConstraints": {"excludeResourceRules": [{"operations": [], "apiGroups": ["apps"],
        "apiVersions": ["v1"], "resources": ["deployments"]}]}}},
        ["Required spec.matchConstraints.excludeResourceRules[0].operations: Required value"]),
    ({"spec": {"paramKind": {"apiVersion": None, "kind": "ConfigMap"}}},
        ["Required spec.paramKind.apiVersion: Required value"]),
    ({"spec": {"paramKind": {"apiVersion": "a/b/c", "kind": "ConfigMap"}}},
        ["Invalid spec.paramKind.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c"]),
    ({"spec": {"paramKind": {"apiVersion": "A_/v1", "kind": "ConfigMap"}}},
        ["Invalid spec.paramKind.apiVersion: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consi…"]),
    ({"spec": {"paramKind": {"apiVersion": "a/", "kind": "ConfigMap"}}},
        ["Invalid spec.paramKind.apiVersion: Invalid value: \"a/\": version must be specified"]),
    ({"spec": {"paramKind": {"apiVersion": "a/V_", "kind": "ConfigMap"}}},
        ["Invalid spec.paramKind.apiVersion: Invalid value: \"V_\": a DNS-1035 label must consist of lower ca…"]),
    ({"spec": {"paramKind": {"apiVersion": "v1", "kind": None}}}, ["Required spec.paramKind.kind: Required value"]),
    ({"spec": {"paramKind": {"apiVersion": "v1", "kind": "A_b"}}},
        ["Invalid spec.paramKind.kind: Invalid value: \"A_b\": may have mixed case, but should otherwise matc…"]),
    ({"spec": {"matchConditions": [{"name": "x", "expression": " "}]}},
        ["Required spec.matchConditions[0].expression: Required value"]),
    ({"spec": {"matchConditions": [{"name": "", "expression": "true"}]}},
        ["Required spec.matchConditions[0].name: Required value"]),
    ({"spec": {"matchConditions": [{"name": "a b", "expression": "true"}]}},
        ["Invalid spec.matchConditions[0].name: Invalid value: \"a b\": name part must consist of alphanumeri…"]),
    ({"spec": {"matchConditions": [{"name": "x", "expression": "true"}, {"name": "x", "expression": "true"}]}},
        ["Duplicate spec.matchConditions[1].name: Duplicate value: \"x\""]),
    ({"spec": {"matchConditions": [{"name": "x", "expression": "1"}]}},
        ["Invalid spec.matchConditions[0].expression: Invalid value: \"1\": must evaluate to bool but got int"]),
    ({"spec": {"matchConditions": [{"name": "x", "expression": " object. "}]}},
        ["Invalid spec.matchConditions[0].expression: Invalid value: \"object.\": compilation failed: ERROR: …"]),
    ({"spec": {"matchConditions": [{"name": "x", "expression": "params.x == 1"}]}},
        ["Invalid spec.matchConditions[0].expression: Invalid value: \"params.x == 1\": compilation failed: E…"]),
    ({"spec": {"matchConditions": [{"name": "x", "expression": "variables.x == 1"}], "variables": [{"name": "x",
        "expression": "1"}]}},
        ["Invalid spec.matchConditions[0].expression: Invalid value: \"variables.x == 1\": compilation failed…"]),
    ({"spec": {"matchConditions": [{"name": "x0", "expression": "true"}, {"name": "x1", "expression": "true"},
        {"name": "x2", "expression": "true"}, {"name": "x3", "expression": "true"}, {"name": "x4",
        "expression": "true"}, {"name": "x5", "expression": "true"}, {"name": "x6", "expression":
        "true"}, {"name": "x7", "expression": "true"}, {"name": "x8", "expression": "true"}, {"name":
        "x9", "expression": "true"}, {"name": "x10", "expression": "true"}, {"name": "x11",
        "expression": "true"}, {"name": "x12", "expression": "true"}, {"name": "x13", "expression":
        "true"}, {"name": "x14", "expression": "true"}, {"name": "x15", "expression": "true"}, {"name":
        "x16", "expression": "true"}, {"name": "x17", "expression": "true"}, {"name": "x18",
        "expression": "true"}, {"name": "x19", "expression": "true"}, {"name": "x20", "expression":
        "true"}, {"name": "x21", "expression": "true"}, {"name": "x22", "expression": "true"}, {"name":
        "x23", "expression": "true"}, {"name": "x24", "expression": "true"}, {"name": "x25",
        "expression": "true"}, {"name": "x26", "expression": "true"}, {"name": "x27", "expression":
        "true"}, {"name": "x28", "expression": "true"}, {"name": "x29", "expression": "true"}, {"name":
        "x30", "expression": "true"}, {"name": "x31", "expression": "true"}, {"name": "x32",
        "expression": "true"}, {"name": "x33", "expression": "true"}, {"name": "x34", "expression":
        "true"}, {"name": "x35", "expression": "true"}, {"name": "x36", "expression": "true"}, {"name":
        "x37", "expression": "true"}, {"name": "x38", "expression": "true"}, {"name": "x39",
        "expression": "true"}, {"name": "x40", "expression": "true"}, {"name": "x41", "expression":
        "true"}, {"name": "x42", "expression": "true"}, {"name": "x43", "expression": "true"}, {"name":
        "x44", "expression": "true"}, {"name": "x45", "expression": "true"}, {"name": "x46",
        "expression": "true"}, {"name": "x47", "expression": "true"}, {"name": "x48", "expression":
        "true"}, {"name": "x49", "expression": "true"}, {"name": "x50", "expression": "true"}, {"name":
        "x51", "expression": "true"}, {"name": "x52", "expression": "true"}, {"name": "x53",
        "expression": "true"}, {"name": "x54", "expression": "true"}, {"name": "x55", "expression":
        "true"}, {"name": "x56", "expression": "true"}, {"name": "x57", "expression": "true"}, {"name":
        "x58", "expression": "true"}, {"name": "x59", "expression": "true"}, {"name": "x60",
        "expression": "true"}, {"name": "x61", "expression": "true"}, {"name": "x62", "expression":
        "true"}, {"name": "x63", "expression": "true"}, {"name": "x64", "expression": "true"}]}},
        ["TooMany spec.matchConditions: Too many: 65: must have at most 64 items"]),
    ({"spec": {"variables": [{"name": " ", "expression": "1"}]}},
        ["Required spec.variables[0].name: Required value: name is not specified"]),
    ({"spec": {"variables": [{"name": "a-b", "expression": "1"}]}},
        ["Invalid spec.variables[0].name: Invalid value: \"a-b\": name is not a valid CEL identifier"]),
    ({"spec": {"variables": [{"name": "for", "expression": "1"}]}},
        ["Invalid spec.variables[0].name: Invalid value: \"for\": name is not a valid CEL identifier"]),
    ({"spec": {"variables": [{"name": "x", "expression": " "}]}},
        ["Required spec.variables[0].expression: Required value: expression is not specified"]),
    ({"spec": {"variables": [{"name": "x", "expression": "nope"}]}},
        ["Invalid spec.variables[0].expression: Invalid value: \"nope\": compilation failed: ERROR: <input>:1…"]),
    ({"spec": {"variables": [{"name": "x", "expression": "variables.y"}, {"name": "y", "expression": "1"}]}},
        ["Invalid spec.variables[0].expression: Invalid value: \"variables.y\": compilation failed: ERROR: <i…"]),
    ({"spec": {"variables": [{"name": "x", "expression": "1"}, {"name": "y", "expression": "variables.x + 'a'"}]}},
        ["Invalid spec.variables[1].expression: Invalid value: \"variables.x + 'a'\": compilation failed: ERR…"]),
    ({"spec": {"validations": []}},
        ["Required spec.validations: Required value: validations or auditAnnotations must contain at least on…",
        "Required spec.auditAnnotations: Required value: validations or auditAnnotations must contain at lea…"]),
    ({"spec": {"validations": [{"expression": " "}]}},
        ["Required spec.validations[0].expression: Required value: expression is not specified"]),
    ({"spec": {"validations": [{"expression": "1"}]}},
        ["Invalid spec.validations[0].expression: Invalid value: \"1\": must evaluate to bool but got int"]),
    ({"spec": {"validations": [{"expression": "object.x"}]}},
        ["Invalid spec.validations[0].expression: Invalid value: \"object.x\": must evaluate to bool but got dyn"]),
    ({"spec": {"validations": [{"expression": "variables.a"}]}},
        ["Invalid spec.validations[0].expression: Invalid value: \"variables.a\": compilation failed: ERROR: …"]),
    ({"spec": {"validations": [{"expression": "variables.b == 1"}], "variables": [{"name": "a", "expression":
        "1"}]}},
        ["Invalid spec.validations[0].expression: Invalid value: \"variables.b == 1\": compilation failed: ER…"]),
    ({"spec": {"validations": [{"expression": "variables.a == 'a'"}], "variables": [{"name": "a", "expression":
        "1"}]}},
        ["Invalid spec.validations[0].expression: Invalid value: \"variables.a == 'a'\": compilation failed: …"]),
    ({"spec": {"validations": [{"expression": "request.nope == 1"}]}},
        ["Invalid spec.validations[0].expression: Invalid value: \"request.nope == 1\": compilation failed: E…"]),
    ({"spec": {"validations": [{"expression": "params.x == 1"}]}},
        ["Invalid spec.validations[0].expression: Invalid value: \"params.x == 1\": compilation failed: ERROR…"]),
    ({"spec": {"validations": [{"expression": "namespaceObject.nope == 1"}]}},
        ["Invalid spec.validations[0].expression: Invalid value: \"namespaceObject.nope == 1\": compilation f…"]),
    ({"spec": {"validations": [{"expression": "object.spec.replicas <= 5", "messageExpression": " "}]}},
        ["Invalid spec.validations[0].messageExpression: Invalid value: \" \": must be non-empty if specified"]),
    ({"spec": {"validations": [{"expression": "object.spec.replicas <= 5", "messageExpression": "1"}]}},
        ["Invalid spec.validations[0].messageExpression: Invalid value: \"1\": must evaluate to string but go…"]),
    ({"spec": {"validations": [{"expression": "object.spec.replicas <= 5", "messageExpression":
        "string(authorizer.group('').resource('pods').check('get').allowed())"}]}},
        ["Invalid spec.validations[0].messageExpression: Invalid value: \"string(authorizer.group('').resourc…"]),
    ({"spec": {"validations": [{"expression": "object.spec.replicas <= 5", "messageExpression": "'a' +"}]}},
        ["Invalid spec.validations[0].messageExpression: Invalid value: \"'a' +\": compilation failed: ERROR:…"]),
    ({"spec": {"validations": [{"expression": "object.spec.replicas <= 5", "message": " "}]}},
        ["Invalid spec.validations[0].message: Invalid value: \" \": message must be non-empty if specified"]),
    ({"spec": {"validations": [{"expression": "object.spec.replicas <= 5", "message": "a\nb"}]}},
        ["Invalid spec.validations[0].message: Invalid value: \"a\\nb\": message must not contain line breaks"]),
    ({"spec": {"validations": [{"expression": "object.spec.replicas <= 5", "reason": "NotFound"}]}},
        ["NotSupported spec.validations[0].reason: Unsupported value: \"NotFound\": supported values: \"Forbi…"]),
    ({"spec": {"validations": None, "auditAnnotations": [{"key": "", "valueExpression": "'x'"}]}},
        ["Invalid spec.auditAnnotations[0].key: Invalid value: \"a.example/\": name part must be non-empty",
        "Invalid spec.auditAnnotations[0].key: Invalid value: \"a.example/\": name part must consist of alph…"]),
    ({"spec": {"validations": None, "auditAnnotations": [{"key": "a b", "valueExpression": "'x'"}]}},
        ["Invalid spec.auditAnnotations[0].key: Invalid value: \"a.example/a b\": name part must consist of a…"]),
    ({"spec": {"validations": None, "auditAnnotations": [{"key": "a/b", "valueExpression": "'x'"}]}},
        ["Invalid spec.auditAnnotations[0].key: Invalid value: \"a.example/a/b\": a qualified name must consi…"]),
    ({"spec": {"validations": None, "auditAnnotations": [{"key": "k", "valueExpression": "'x'"}, {"key": "k",
        "valueExpression": "'x'"}]}},
        ["Duplicate spec.auditAnnotations[1].key: Duplicate value: \"k\""]),
    ({"spec": {"validations": None, "auditAnnotations": [{"key": "k", "valueExpression": " "}]}},
        ["Required spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified"]),
    ({"spec": {"validations": None, "auditAnnotations": [{"key": "k", "valueExpression": "1"}]}},
        ["Invalid spec.auditAnnotations[0].valueExpression: Invalid value: \"1\": must evaluate to one of [st…"]),
    ({"spec": {"validations": None, "auditAnnotations": [{"key": "k", "valueExpression":
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"}]}},
        ["Required spec.auditAnnotations[0].valueExpression: Required value: must not exceed 5120 bytes in le…"]),
    ({"spec": {"validations": None, "auditAnnotations": [{"key": "k", "valueExpression": "nope"}]}},
        ["Invalid spec.auditAnnotations[0].valueExpression: Invalid value: \"nope\": compilation failed: ERRO…"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"validations": [{"expression": "false ||"}]}},
        ["Invalid spec.validations[0].expression: Invalid value: \"false ||\": compilation failed: ERROR: <in…"]),
    ({}, {"spec": {"failurePolicy": "x"}},
        ["NotSupported spec.failurePolicy: Unsupported value: \"x\": supported values: \"Fail\", \"Ignore\""]),
    ({"spec": {"matchConditions": [{"name": "x", "expression": "true"}]}}, {"spec": {"matchConditions": [{"name":
        "x", "expression": "1"}]}},
        ["Invalid spec.matchConditions[0].expression: Invalid value: \"1\": must evaluate to bool but got int"]),
]
# fmt: on
