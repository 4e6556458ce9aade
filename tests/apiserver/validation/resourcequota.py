"""What is refused of ResourceQuota: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "2",
    "requests.cpu": "1", "count/deployments.apps": "3"}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"hard": {"pods": "-1"}}},
        ["Invalid spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0"]),
    ({"spec": {"hard": {"pods": "1.5"}}},
        ["Invalid spec.hard[pods]: Invalid value: \"1500m\": must be an integer"]),
    ({"spec": {"hard": {"nonsense": "1"}}},
        ["Invalid spec.hard[nonsense]: Invalid value: nonsense: must be a standard resource type or fully qua…",
        "Invalid spec.hard[nonsense]: Invalid value: nonsense: must be a standard resource for quota"]),
    ({"spec": {"hard": {"storage": "1"}}},
        ["Invalid spec.hard[storage]: Invalid value: storage: must be a standard resource for quota"]),
    ({"spec": {"hard": {"a b": "1"}}},
        ["Invalid spec.hard[a b]: Invalid value: a b: name part must consist of alphanumeric characters, '-',…",
        "Invalid spec.hard[a b]: Invalid value: a b: must be a standard resource for quota"]),
    ({"spec": {"hard": {"example.com/x": "1500m"}}},
        ["Invalid spec.hard[example.com/x]: Invalid value: \"1500m\": must be an integer"]),
    ({"spec": {"hard": {"requests.example.com/x": "-1"}}},
        ["Invalid spec.hard[requests.example.com/x]: Invalid value: \"-1\": must be greater than or equal to 0"]),
    ({"spec": {"scopes": ["Sometimes"]}},
        ["Invalid spec.scopes: Invalid value: [\"Sometimes\"]: unsupported scope"]),
    ({"spec": {"scopes": ["BestEffort"]}},
        ["Invalid spec.scopes: Invalid value: [\"BestEffort\"]: unsupported scope applied to resource"]),
    ({"spec": {"scopes": ["Terminating", "NotTerminating"]}},
        ["Invalid spec.scopes: Invalid value: [\"Terminating\",\"NotTerminating\"]: conflicting scopes"]),
    ({"spec": {"scopes": ["BestEffort", "NotBestEffort"], "hard": {"requests.cpu": None}}},
        ["Invalid spec.scopes: Invalid value: [\"BestEffort\",\"NotBestEffort\"]: conflicting scopes"]),
    ({"spec": {"scopes": ["Terminating"], "hard": {"services": "1"}}},
        ["Invalid spec.scopes: Invalid value: [\"Terminating\"]: unsupported scope applied to resource"]),
    ({"spec": {"hard": {"count/deployments.apps": None}, "scopeSelector": {"matchExpressions": [{"scopeName":
        "Sometimes", "operator": "Exists"}]}}},
        ["Invalid spec.scopeSelector.matchExpressions.scopeName: Invalid value: \"Sometimes\": unsupported scope"]),
    ({"spec": {"hard": {"count/deployments.apps": None}, "scopeSelector": {"matchExpressions": [{"scopeName":
        "BestEffort", "operator": "Exists"}]}}},
        ["Invalid spec.scopeSelector.matchExpressions: Invalid value: {\"matchExpressions\":[{\"scopeName\":\"Best…"]),
    ({"spec": {"hard": {"count/deployments.apps": None}, "scopeSelector": {"matchExpressions": [{"scopeName":
        "Terminating", "operator": "In", "values": ["x"]}]}}},
        ["Invalid spec.scopeSelector.matchExpressions.operator: Invalid value: \"In\": must be 'Exists' when sc…"]),
    ({"spec": {"hard": {"count/deployments.apps": None}, "scopeSelector": {"matchExpressions": [{"scopeName":
        "PriorityClass", "operator": "In"}]}}},
        ["Required spec.scopeSelector.matchExpressions.values: Required value: must be at least one value whe…"]),
    ({"spec": {"hard": {"count/deployments.apps": None}, "scopeSelector": {"matchExpressions": [{"scopeName":
        "PriorityClass", "operator": "Exists", "values": ["x"]}]}}},
        ["Invalid spec.scopeSelector.matchExpressions.values: Invalid value: [\"x\"]: must be no value when `op…"]),
    ({"spec": {"hard": {"count/deployments.apps": None}, "scopeSelector": {"matchExpressions": [{"scopeName":
        "PriorityClass", "operator": "Like"}]}}},
        ["Invalid spec.scopeSelector.matchExpressions.operator: Invalid value: \"Like\": not a valid selector o…"]),
    ({"spec": {"hard": {"count/deployments.apps": None}, "scopeSelector": {"matchExpressions": [{"scopeName":
        "Terminating", "operator": "Exists"}, {"scopeName": "NotTerminating", "operator": "Exists"}]}}},
        ["Invalid spec.scopeSelector.matchExpressions: Invalid value: null: conflicting scopes"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"scopes": ["Terminating"]}},
        ["Invalid spec.scopes: Invalid value: [\"Terminating\"]: field is immutable"]),
    ({"spec": {"scopes": ["Terminating"]}}, {"spec": {"scopes": None}},
        ["Invalid spec.scopes: Invalid value: null: field is immutable"]),
    ({}, {"spec": {"hard": {"pods": "-1"}}},
        ["Invalid spec.hard[pods]: Invalid value: \"-1\": must be greater than or equal to 0"]),
]
# fmt: on
