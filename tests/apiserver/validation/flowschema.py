"""What is refused of FlowSchema: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "metadata": {"name": "a"}, "spec":
    {"priorityLevelConfiguration": {"name": "exempt"}, "distinguisherMethod": {"type": "ByUser"},
    "rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs":
    ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["default"]}]}]}}
MISTAKES: list[Mistake] = [
    ({"spec": {"matchingPrecedence": -1}},
        ["Invalid spec.matchingPrecedence: Invalid value: -1: must be a positive value"]),
    ({"spec": {"matchingPrecedence": 10001}},
        ["Invalid spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000"]),
    ({"spec": {"matchingPrecedence": 1}},
        ["Invalid spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matching…"]),
    ({"spec": {"distinguisherMethod": {"type": "ByName"}}},
        ["NotSupported spec.distinguisherMethod.type: Unsupported value: {\"type\":\"ByName\"}: supported val…"]),
    ({"spec": {"priorityLevelConfiguration": {"name": ""}}},
        ["Required spec.priorityLevelConfiguration.name: Required value: must reference a priority level"]),
    ({"spec": {"priorityLevelConfiguration": {"name": "A_"}}},
        ["Invalid spec.priorityLevelConfiguration.name: Invalid value: \"A_\": a lowercase RFC 1123 subdomain…"]),
    ({"spec": {"rules": [{"subjects": [], "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources":
        ["pods"], "namespaces": ["default"]}]}]}},
        ["Required spec.rules[0].subjects: Required value: subjects must contain at least one value"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": None}]}},
        ["Required spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to b…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "Robot"}], "resourceRules": [{"verbs": ["get"], "apiGroups": [""],
        "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["NotSupported spec.rules[0].subjects[0].kind: Unsupported value: \"Robot\": supported values: \"Gro…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User"}], "resourceRules": [{"verbs": ["get"], "apiGroups": [""],
        "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["Required spec.rules[0].subjects[0].user: Required value: user is required when subject kind is 'Use…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": ""}}], "resourceRules": [{"verbs": ["get"],
        "apiGroups": [""], "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["Required spec.rules[0].subjects[0].user.name: Required value"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "Group", "user": {"name": "a"}}], "resourceRules": [{"verbs":
        ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["Required spec.rules[0].subjects[0].group: Required value: group is required when subject kind is 'G…",
        "Forbidden spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'Us…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "Group", "group": {"name": "g"}, "serviceAccount": {"name": "a",
        "namespace": "b"}}], "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources":
        ["pods"], "namespaces": ["default"]}]}]}},
        ["Forbidden spec.rules[0].subjects[0].serviceAccount: Forbidden: serviceAccount is forbidden when sub…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "ServiceAccount", "serviceAccount": {"name": "", "namespace": ""}}],
        "resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces":
        ["default"]}]}]}}, ["Required spec.rules[0].subjects[0].serviceAccount.name: Required value",
        "Required spec.rules[0].subjects[0].serviceAccount.namespace: Required value: must specify namespace…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "ServiceAccount", "serviceAccount": {"name": "A_", "namespace":
        "B"}, "user": {"name": "u"}, "group": {"name": "g"}}], "resourceRules": [{"verbs": ["get"],
        "apiGroups": [""], "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["Invalid spec.rules[0].subjects[0].serviceAccount.name: Invalid value: \"A_\": a lowercase RFC 1123 …",
        "Invalid spec.rules[0].subjects[0].serviceAccount.namespace: Invalid value: \"B\": a lowercase RFC 1…",
        "Forbidden spec.rules[0].subjects[0].user: Forbidden: user is forbidden when subject kind is not 'Us…",
        "Forbidden spec.rules[0].subjects[0].group: Forbidden: group is forbidden when subject kind is not '…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "ServiceAccount"}], "resourceRules": [{"verbs": ["get"],
        "apiGroups": [""], "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["Required spec.rules[0].subjects[0].serviceAccount: Required value: serviceAccount is required when …"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs": [],
        "apiGroups": [""], "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["Required spec.rules[0].resourceRules[0].verbs: Required value: verbs must contain at least one value"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs": ["*",
        "get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["Invalid spec.rules[0].resourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present, mu…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs":
        ["steal"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["NotSupported spec.rules[0].resourceRules[0].verbs: Unsupported value: [\"steal\"]: supported values…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs":
        ["get"], "apiGroups": [], "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["Required spec.rules[0].resourceRules[0].apiGroups: Required value: resource rules must supply at le…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs":
        ["get"], "apiGroups": ["*", "a"], "resources": ["pods"], "namespaces": ["default"]}]}]}},
        ["Invalid spec.rules[0].resourceRules[0].apiGroups: Invalid value: [\"*\",\"a\"]: if '*' is present, …"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs":
        ["get"], "apiGroups": [""], "resources": [], "namespaces": ["default"]}]}]}},
        ["Required spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at le…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs":
        ["get"], "apiGroups": [""], "resources": ["*", "a"], "namespaces": ["default"]}]}]}},
        ["Invalid spec.rules[0].resourceRules[0].resources: Invalid value: [\"*\",\"a\"]: if '*' is present, …"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs":
        ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": []}]}]}},
        ["Required spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not clu…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs":
        ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["*", "a"]}]}]}},
        ["Invalid spec.rules[0].resourceRules[0].namespaces: Invalid value: [\"*\",\"a\"]: if '*' is present,…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": [{"verbs":
        ["get"], "apiGroups": [""], "resources": ["pods"], "namespaces": ["A"]}]}]}},
        ["Invalid spec.rules[0].resourceRules[0].namespaces[0]: Invalid value: \"A\": each member of this lis…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": None,
        "nonResourceRules": [{"verbs": [], "nonResourceURLs": ["/healthz"]}]}]}},
        ["Required spec.rules[0].nonResourceRules[0].verbs: Required value: verbs must contain at least one v…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": None,
        "nonResourceRules": [{"verbs": ["x"], "nonResourceURLs": ["/healthz"]}]}]}},
        ["NotSupported spec.rules[0].nonResourceRules[0].verbs: Unsupported value: [\"x\"]: supported values…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": None,
        "nonResourceRules": [{"verbs": ["*", "get"], "nonResourceURLs": ["/healthz"]}]}]}},
        ["Invalid spec.rules[0].nonResourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present,…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": None,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": []}]}]}},
        ["Required spec.rules[0].nonResourceRules[0].nonResourceURLs: Required value: nonResourceURLs must co…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": None,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*", "/a"]}]}]}},
        ["Invalid spec.rules[0].nonResourceRules[0].nonResourceURLs: Invalid value: [\"*\",\"/a\"]: if '*' is…"]),
    ({"spec": {"rules": [{"subjects": [{"kind": "User", "user": {"name": "u"}}], "resourceRules": None,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["", "a", "/ ", "//", "/*/a",
        "/*"]}]}]}},
        ["Invalid spec.rules[0].nonResourceRules[0].nonResourceURLs[0]: Invalid value: \"\": must not be empty",
        "Invalid spec.rules[0].nonResourceRules[0].nonResourceURLs[1]: Invalid value: \"a\": must start with…",
        "Invalid spec.rules[0].nonResourceRules[0].nonResourceURLs[2]: Invalid value: \"/ \": must not conta…",
        "Invalid spec.rules[0].nonResourceRules[0].nonResourceURLs[3]: Invalid value: \"//\": must not conta…",
        "Invalid spec.rules[0].nonResourceRules[0].nonResourceURLs[4]: Invalid value: \"/*/a\": wildcard can…"]),
]
CHANGES: list[Change] = [
]
# fmt: on
