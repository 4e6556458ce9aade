"""Validation as data: a kind has a table of rules, and one engine reads it.

    RULES = (
        rules.field("spec",
            rules.field("replicas", rules.at_least(0)),
            rules.field("strategy",
                rules.field("type", rules.required(), rules.one_of("Recreate", "RollingUpdate")),
                rules.when(rules.equals("type", "Recreate"), rules.field("rollingUpdate", rules.forbidden("...")))),
            rules.field("selector", rules.immutable())),
    )
    errors = rules.check(RULES, new, old)

Decides what is wrong with an object, in the order of the table and in the words of apimachinery's `field.Error`. Does
not know which kinds exist. A function of a place (`At`) that yields errors is a rule as well: for what is a thought of
its own. What is not there (Go's zero value of a string included) is asked about only by rules that say so, `required`
above all.
"""

from podvisor.types.rules.changes import forbidden_change, immutable, set_once, when_creating, when_updating
from podvisor.types.rules.engine import (
    Check,
    Condition,
    Function,
    Node,
    Rule,
    asks_nothing,
    check,
    field,
    first,
    leaves,
    optional,
    scope,
    when,
)
from podvisor.types.rules.items import each, each_key, each_value, max_items, min_items, unique, unique_by
from podvisor.types.rules.place import At
from podvisor.types.rules.relations import (
    absent,
    at_most_one_of,
    contains,
    equals,
    exactly_one_of,
    forbidden,
    forbidden_with,
    given,
    negated,
    required_with,
)
from podvisor.types.rules.values import (
    annotations,
    at_least,
    at_most,
    in_range,
    invalid,
    labels,
    matches,
    max_bytes,
    more_than,
    no_negative_amount,
    one_of,
    port,
    port_or_name,
    required,
    selector,
)

__all__ = [
    "At",
    "Check",
    "Condition",
    "Function",
    "Node",
    "Rule",
    "absent",
    "annotations",
    "asks_nothing",
    "at_least",
    "at_most",
    "at_most_one_of",
    "check",
    "contains",
    "each",
    "each_key",
    "each_value",
    "equals",
    "exactly_one_of",
    "field",
    "first",
    "forbidden",
    "forbidden_change",
    "forbidden_with",
    "given",
    "immutable",
    "in_range",
    "invalid",
    "labels",
    "leaves",
    "matches",
    "max_bytes",
    "max_items",
    "min_items",
    "more_than",
    "negated",
    "no_negative_amount",
    "one_of",
    "optional",
    "port",
    "port_or_name",
    "required",
    "required_with",
    "scope",
    "selector",
    "set_once",
    "unique",
    "unique_by",
    "when",
    "when_creating",
    "when_updating",
]
