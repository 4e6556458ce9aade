"""What is refused of PriorityLevelConfiguration: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration", "metadata": {"name":
    "a"}, "spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing":
    {}}}}}
MISTAKES: list[Mistake] = [
    ({"spec": {"type": "Exempt"}},
        ["Invalid spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
        "Forbidden spec.limited: Forbidden: must be nil if the type is not Limited"]),
    ({"spec": {"type": "None"}},
        ["NotSupported spec.type: Unsupported value: \"None\": supported values: \"Exempt\", \"Limited\""]),
    ({"spec": {"type": "Exempt", "limited": None}},
        ["Invalid spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'"]),
    ({"spec": {"limited": None}},
        ["Required spec.limited: Required value: must not be empty when type is Limited"]),
    ({"spec": {"exempt": {}}}, ["Forbidden spec.exempt: Forbidden: must be nil if the type is Limited"]),
    ({"spec": {"limited": {"nominalConcurrencyShares": -1}}},
        ["Invalid spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer"]),
    ({"spec": {"limited": {"lendablePercent": 101}}},
        ["Invalid spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive"]),
    ({"spec": {"limited": {"borrowingLimitPercent": -1}}},
        ["Invalid spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative…"]),
    ({"spec": {"limited": {"limitResponse": {"type": "Wait"}}}},
        ["NotSupported spec.limited.limitResponse.type: Unsupported value: \"Wait\": supported values: \"Que…"]),
    ({"spec": {"limited": {"limitResponse": {"type": "Reject"}}}},
        ["Forbidden spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type …"]),
    ({"spec": {"limited": {"limitResponse": {"queuing": None}}}},
        ["Required spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResp…"]),
    ({"spec": {"limited": {"limitResponse": {"queuing": {"queues": -1}}}}},
        ["Invalid spec.limited.limitResponse.queuing.queues: Invalid value: -1: must be positive",
        "Invalid spec.limited.limitResponse.queuing.handSize: Invalid value: 8: should not be greater than q…"]),
    ({"spec": {"limited": {"limitResponse": {"queuing": {"queues": 10000001}}}}},
        ["Invalid spec.limited.limitResponse.queuing.queues: Invalid value: 10000001: must not be greater tha…",
        "Invalid spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of dec…"]),
    ({"spec": {"limited": {"limitResponse": {"queuing": {"handSize": -1}}}}},
        ["Invalid spec.limited.limitResponse.queuing.handSize: Invalid value: -1: must be positive"]),
    ({"spec": {"limited": {"limitResponse": {"queuing": {"handSize": 65}}}}},
        ["Invalid spec.limited.limitResponse.queuing.handSize: Invalid value: 65: should not be greater than …"]),
    ({"spec": {"limited": {"limitResponse": {"queuing": {"handSize": 30}}}}},
        ["Invalid spec.limited.limitResponse.queuing.handSize: Invalid value: 30: required entropy bits of de…"]),
    ({"spec": {"limited": {"limitResponse": {"queuing": {"queueLengthLimit": -1}}}}},
        ["Invalid spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be positive"]),
    ({"metadata": {"name": "exempt"}, "spec": {"type": "Exempt", "limited": None, "exempt":
        {"nominalConcurrencyShares": -1, "lendablePercent": 101}}},
        ["Invalid spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
        "Invalid spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive"]),
]
CHANGES: list[Change] = [
]
# fmt: on
