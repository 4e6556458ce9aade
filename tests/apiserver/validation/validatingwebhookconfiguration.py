"""What is refused of ValidatingWebhookConfiguration: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata":
    {"name": "hooks"}, "webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name":
    "s", "namespace": "n", "path": "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""],
    "apiVersions": ["v1"], "resources": ["pods"]}], "sideEffects": "None",
    "admissionReviewVersions": ["v1"]}]}
MISTAKES: list[Mistake] = [
    ({"metadata": {"name": "Bad_Name"}},
        ["Invalid metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC 1123 subdomain must consist of …"]),
    ({"webhooks": [{"name": "", "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/x"}}, "rules":
        [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].name: Required value"]),
    ({"webhooks": [{"name": "a.b", "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/x"}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources":
        ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].name: Invalid value: \"a.b\": should be a domain with at least three segments s…"]),
    ({"webhooks": [{"name": "A.b.c", "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/x"}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources":
        ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].name: Invalid value: \"A.b.c\": a lowercase RFC 1123 subdomain must consist of …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}, {"name":
        "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path": "/x"}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources":
        ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Duplicate webhooks[1].name: Duplicate value: \"a.b.example\""]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "Some", "admissionReviewVersions": ["v1"]}]},
        ["NotSupported webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"No…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": []}]},
        ["Required webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v9"]}]},
        ["Invalid webhooks[0].admissionReviewVersions: Invalid value: []string{\"v9\"}: must include at least…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1", "v1"]}]},
        ["Invalid webhooks[0].admissionReviewVersions[1]: Invalid value: \"v1\": duplicate version"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1", "V_1"]}]},
        ["Invalid webhooks[0].admissionReviewVersions[1]: Invalid value: \"V_1\": a DNS-1035 label must consi…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "failurePolicy": "Maybe"}]},
        ["NotSupported webhooks[0].failurePolicy: Unsupported value: \"Maybe\": supported values: \"Fail\", …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchPolicy": "Maybe"}]},
        ["NotSupported webhooks[0].matchPolicy: Unsupported value: \"Maybe\": supported values: \"Equivalen…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 0}]},
        ["Invalid webhooks[0].timeoutSeconds: Invalid value: 0: the timeout value must be between 1 and 30 se…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 31}]},
        ["Invalid webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 s…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}]},
        ["Invalid webhooks[0].namespaceSelector.matchExpressions[0].operator: Invalid value: \"Is\": not a va…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "objectSelector": {"matchLabels": {"a b": "c"}}}]},
        ["Invalid webhooks[0].objectSelector.matchLabels: Invalid value: \"a b\": name part must consist of a…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {}, "rules": [{"operations": ["CREATE"], "apiGroups":
        [""], "apiVersions": ["v1"], "resources": ["pods"]}], "sideEffects": "None",
        "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].clientConfig: Required value: exactly one of url or service is required"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"url": "https://x", "service": {"name": "s",
        "namespace": "n"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions":
        ["v1"], "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].clientConfig: Required value: exactly one of url or service is required"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"url": "http://x"}, "rules": [{"operations": ["CREATE"],
        "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}], "sideEffects": "None",
        "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL sche…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"url": "https://"}, "rules": [{"operations": ["CREATE"],
        "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}], "sideEffects": "None",
        "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.url: Invalid value: \"\": host must be specified; desired format: …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"url": "https://u:p@x/"}, "rules": [{"operations":
        ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}], "sideEffects":
        "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.url: Invalid value: \"u:p\": user information is not permitted in …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"url": "https://x/#f"}, "rules": [{"operations":
        ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}], "sideEffects":
        "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.url: Invalid value: \"f\": fragments are not permitted in the URL"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"url": "https://x/?a=b"}, "rules": [{"operations":
        ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}], "sideEffects":
        "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.url: Invalid value: \"a=b\": query parameters are not permitted in…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"url": "x"}, "rules": [{"operations": ["CREATE"],
        "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}], "sideEffects": "None",
        "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.url: Invalid value: \"\": 'https' is the only allowed URL scheme; …",
        "Invalid webhooks[0].clientConfig.url: Invalid value: \"\": host must be specified; desired format: …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "", "namespace": "n"}}, "rules":
        [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].clientConfig.service.namespace: Required value: service namespace is required"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": ""}}, "rules":
        [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
        "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].clientConfig.service.name: Required value: service name is required"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "port": 0}},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources":
        ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "port":
        70000}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.service.port: Invalid value: 70000: port is not valid: must be bet…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.service.path: Invalid value: \"x\": must start with a '/'",
        "Invalid webhooks[0].clientConfig.service.path: Invalid value: \"x\": segment[0] may not be empty"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/a//b"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.service.path: Invalid value: \"/a//b\": segment[1] may not be empty"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/a b"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].clientConfig.service.path: Invalid value: \"/a b\": segment[0]: a lowercase RFC…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": [], "apiGroups": [""], "apiVersions": ["v1"], "resources":
        ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].rules[0].operations: Required value"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["*", "CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].rules[0].operations: Invalid value: []admissionregistration.OperationType{\"*\"…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["READ"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["NotSupported webhooks[0].rules[0].operations[0]: Unsupported value: \"READ\": supported values: \"…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].rules[0].apiGroups: Required value"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": ["*", "apps"], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].rules[0].apiGroups: Invalid value: []string{\"*\", \"apps\"}: if '*' is present…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": [], "resources":
        ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].rules[0].apiVersions: Required value"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": [""],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].rules[0].apiVersions[0]: Required value"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["*", "v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].rules[0].apiVersions: Invalid value: []string{\"*\", \"v1\"}: if '*' is present…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": []}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].rules[0].resources: Required value"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": [""]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Required webhooks[0].rules[0].resources[0]: Required value"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["*/*", "pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].rules[0].resources: Invalid value: []string{\"*/*\", \"pods\"}: if '*/*' is pre…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["*", "pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"]}]},
        ["Invalid webhooks[0].rules[0].resources: Invalid value: []string{\"*\", \"pods\"}: if '*' is present…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods/*", "pods/status"]}], "sideEffects": "None", "admissionReviewVersions":
        ["v1"]}]},
        ["Invalid webhooks[0].rules[0].resources[1]: Invalid value: \"pods/status\": if 'pods/*' is present, …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["*/scale", "pods/scale"]}], "sideEffects": "None", "admissionReviewVersions":
        ["v1"]}]},
        ["Invalid webhooks[0].rules[0].resources[1]: Invalid value: \"pods/scale\": if '*/scale' is present, …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"], "scope": "World"}], "sideEffects": "None", "admissionReviewVersions":
        ["v1"]}]},
        ["NotSupported webhooks[0].rules[0].scope: Unsupported value: \"World\": supported values: \"*\", \"C…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "", "expression": "true"}]}]},
        ["Required webhooks[0].matchConditions[0].name: Required value"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "x", "expression": ""}]}]},
        ["Required webhooks[0].matchConditions[0].expression: Required value"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "x", "expression": "1"}]}]},
        ["Invalid webhooks[0].matchConditions[0].expression: Invalid value: \"1\": must evaluate to bool but …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "x", "expression": "foo.bar"}]}]},
        ["Invalid webhooks[0].matchConditions[0].expression: Invalid value: \"foo.bar\": compilation failed: …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "x", "expression": "object."}]}]},
        ["Invalid webhooks[0].matchConditions[0].expression: Invalid value: \"object.\": compilation failed: …"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "a b", "expression": "true"}]}]},
        ["Invalid webhooks[0].matchConditions[0].name: Invalid value: \"a b\": name part must consist of alph…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "x", "expression": "true"}, {"name": "x", "expression":
        "true"}]}]}, ["Duplicate webhooks[0].matchConditions[1].name: Duplicate value: \"x\""]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "x0", "expression": "true"}, {"name": "x1", "expression": "true"},
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
        "true"}, {"name": "x63", "expression": "true"}, {"name": "x64", "expression": "true"}]}]},
        ["TooMany webhooks[0].matchConditions: Too many: 65: must have at most 64 items"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "x", "expression": "request.nope == 1"}]}]},
        ["Invalid webhooks[0].matchConditions[0].expression: Invalid value: \"request.nope == 1\": compilatio…"]),
    ({"webhooks": [{"name": "a.b.example", "clientConfig": {"service": {"name": "s", "namespace": "n", "path":
        "/x"}}, "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"],
        "resources": ["pods"]}], "sideEffects": "None", "admissionReviewVersions": ["v1"],
        "matchConditions": [{"name": "x", "expression": "object.a"}]}]},
        ["Invalid webhooks[0].matchConditions[0].expression: Invalid value: \"object.a\": must evaluate to bo…"]),
]
CHANGES: list[Change] = [
]
# fmt: on
