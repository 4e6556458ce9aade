"""PriorityLevelConfiguration: how many requests of a level are served at a time."""

import math
from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds.flowcontrol import flowschema
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, rules

_MOST_QUEUES = 10_000_000
_HASH_BITS = 60
"""How many bits a request's hash has to deal its hand of queues from (`shufflesharding.MaxHashBits`)."""


def _default(item: Json) -> None:
    spec = item.setdefault("spec", {})
    if (exempt := spec.get("exempt")) is not None:
        exempt.setdefault("nominalConcurrencyShares", 0)
        exempt.setdefault("lendablePercent", 0)
    if (limited := spec.get("limited")) is not None:
        limited.setdefault("nominalConcurrencyShares", 30)
        limited.setdefault("lendablePercent", 0)
        queuing: Json | None = objects.dig(limited, "limitResponse", "queuing")
        if queuing is not None:
            for name, value in (("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)):
                queuing[name] = queuing.get(name) or value


def _kind(at: rules.At) -> Iterator[field.Error]:
    kind, name = at.get("type") or "", at.inside("level").get("metadata", "name")
    if (name == "exempt") != (kind == "Exempt"):
        yield field.invalid(at.path.child("type"), kind, "type must be 'Exempt' if and only if name is 'exempt'")
    limited, exempt = at.get("limited"), at.get("exempt")
    if kind == "Exempt" and limited is not None:
        yield field.forbidden(at.path.child("limited"), "must be nil if the type is not Limited")
    elif kind == "Limited":
        if exempt is not None:
            yield field.forbidden(at.path.child("exempt"), "must be nil if the type is Limited")
        if limited is None:
            yield field.required(at.path.child("limited"), "must not be empty when type is Limited")
    elif kind not in ("Exempt", "Limited"):
        yield field.unsupported(at.path.child("type"), kind, ("Exempt", "Limited"))


def _response(at: rules.At) -> Iterator[field.Error]:
    kind, queuing, here = at.get("type") or "", at.get("queuing"), at.path.child("queuing")
    if kind == "Reject" and queuing is not None:
        yield field.forbidden(here, "must be nil if limited.limitResponse.type is not Limited")
    elif kind == "Queue" and queuing is None:
        yield field.required(here, "must not be empty if limited.limitResponse.type is Limited")
    elif kind not in ("Queue", "Reject"):
        yield field.unsupported(at.path.child("type"), kind, ("Queue", "Reject"))


def _queuing(at: rules.At) -> Iterator[field.Error]:
    length, queues, hand = (at.get(name) for name in ("queueLengthLimit", "queues", "handSize"))
    if length <= 0:
        yield field.invalid(at.path.child("queueLengthLimit"), length, "must be positive")
    if queues <= 0:
        yield field.invalid(at.path.child("queues"), queues, "must be positive")
    elif queues > _MOST_QUEUES:
        yield field.invalid(at.path.child("queues"), queues, f"must not be greater than {_MOST_QUEUES}")
    here = at.path.child("handSize")
    if hand <= 0:
        yield field.invalid(here, hand, "must be positive")
    elif hand > queues:
        yield field.invalid(here, hand, f"should not be greater than queues ({queues})")
    elif math.ceil(sum(math.log2(queues - dealt) for dealt in range(hand))) > _HASH_BITS:
        needed = f"required entropy bits of deckSize {queues} and handSize {hand}"
        yield field.invalid(here, hand, f"{needed} should not be greater than {_HASH_BITS}")


_SHARES = rules.field("nominalConcurrencyShares", rules.more_than(-1, "must be a non-negative integer"))
_LENDABLE = rules.field("lendablePercent", rules.in_range(0, 100))
RULES = (
    rules.scope(
        "level",
        rules.field(
            "spec",
            _kind,
            rules.when(rules.equals("type", "Exempt"), rules.optional("exempt", _SHARES, _LENDABLE)),
            rules.when(
                rules.equals("type", "Limited"),
                rules.optional(
                    "limited",
                    _SHARES,
                    rules.field(
                        "limitResponse",
                        _response,
                        rules.when(rules.equals("type", "Queue"), rules.field("queuing", _queuing)),
                        otherwise={},
                    ),
                    _LENDABLE,
                    rules.field(
                        "borrowingLimitPercent",
                        rules.more_than(-1, "if specified, must be a non-negative integer"),
                    ),
                ),
            ),
            otherwise={},
        ),
    ),
)


def _row(item: Json, now: datetime) -> Cells:
    spec = item["spec"]
    limited: Json = spec.get("limited") or {}
    queuing: Json = objects.dig(limited, "limitResponse", "queuing") or {}
    return (
        item["metadata"]["name"],
        spec["type"],
        limited.get("nominalConcurrencyShares", "<none>"),
        *(queuing.get(name, "<none>") for name in ("queues", "handSize", "queueLengthLimit")),
        cells.age(item["metadata"], now),
    )


RECORD = Resource(
    flowschema.GROUP,
    "v1",
    "prioritylevelconfigurations",
    "PriorityLevelConfiguration",
    namespaced=False,
    columns=(
        NAME,
        *(Column(name) for name in ("Type", "NominalConcurrencyShares", "Queues", "HandSize", "QueueLengthLimit")),
        AGE,
    ),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
    status_rules=(flowschema.CONDITIONS,),
    has_status=True,
    status_resets=(("metadata",),),
    counts_generations=True,
)
