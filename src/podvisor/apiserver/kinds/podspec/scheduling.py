"""Rules for where a pod may run: affinity, tolerations, spreading."""

from collections.abc import Iterator
from typing import Any

from podvisor.types import field, names, rules
from podvisor.types.field import Error, Path

EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_OPERATORS = ("Equal", "Exists")
_POSITIVE = "must be greater than zero"
_UNSATISFIABLE = ("DoNotSchedule", "ScheduleAnyway")
_REQUIRED, _PREFERRED = (f"{kind}DuringSchedulingIgnoredDuringExecution" for kind in ("required", "preferred"))
_WEIGHT = rules.field("weight", rules.in_range(1, 100, "must be in the range 1-100"), otherwise=0)


def _label_key(at: rules.At) -> Iterator[Error]:
    yield from names.label_key(at.value or "", at.path)


LABEL_KEY = rules.asks_nothing(_label_key)


def _operator(at: rules.At) -> Iterator[Error]:
    """How many values an operator takes."""
    operator, count, path = at.get("operator") or "", len(at.listed("values")), at.path.child("values")
    if operator in ("In", "NotIn"):
        if not count:
            yield field.required(path, "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if count:
            yield field.forbidden(path, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
    elif operator in ("Gt", "Lt"):
        if count != 1:
            yield field.required(path, "must be specified single value when `operator` is 'Lt' or 'Gt'")
    else:
        yield field.invalid(at.path.child("operator"), operator, "not a valid selector operator")


def _label_values(at: rules.At) -> Iterator[Error]:
    for value in at.items():
        yield from names.label_value(value.value, value.path)


def _field_requirement(at: rules.At) -> Iterator[Error]:
    """The one field is metadata.name."""
    operator, values = at.get("operator") or "", at.listed("values")
    if operator not in ("In", "NotIn"):
        yield field.invalid(at.path.child("operator"), operator, "not a valid selector operator")
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield field.required(at.path.child("values"), detail)
    if at.get("key") != "metadata.name":
        yield field.invalid(at.path.child("key"), at.get("key") or "", "not a valid field selector key")
        return
    for index, value in enumerate(values):
        here = at.path.child("values").at(index)
        yield from (field.invalid(here, value, why) for why in names.dns_subdomain(value))


def _term(*value_rules: rules.Rule) -> tuple[rules.Rule, ...]:
    expression = rules.each(_operator, rules.field("key", LABEL_KEY), rules.field("values", *value_rules))
    return (
        rules.field("matchExpressions", expression),
        rules.field("matchFields", rules.each(_field_requirement)),
    )


NODE_SELECTOR_TERMS = rules.field(
    "nodeSelectorTerms",
    rules.min_items(1, "must have at least one node selector term"),
    rules.each(*_term(_label_values)),
)
_NODE_AFFINITY = rules.optional(
    "nodeAffinity",
    rules.optional(_REQUIRED, NODE_SELECTOR_TERMS),
    rules.field(_PREFERRED, rules.each(_WEIGHT, rules.field("preference", *_term()))),
)


def _selected_keys(selector: Any) -> set[str]:
    expressions = selector.get("matchExpressions", ())
    return {*selector.get("matchLabels", {}), *(one.get("key", "") for one in expressions)}


def _label_keys(at: rules.At) -> Iterator[Error]:
    """Keys whose values are the pod's own; without a selector there is nothing to add them to."""
    for name in ("matchLabelKeys", "mismatchLabelKeys"):
        path = at.path.child(name)
        if at.listed(name) and at.get("labelSelector") is None:
            yield field.forbidden(path, "must not be specified when labelSelector is not set")
            continue
        for index, key in enumerate(at.listed(name)):
            yield from names.label_key(key, path.at(index))
    for index, key in enumerate(at.listed("matchLabelKeys")):
        if key in at.listed("mismatchLabelKeys"):
            here = at.path.child("matchLabelKeys").at(index)
            yield field.invalid(here, key, "exists in both matchLabelKeys and mismatchLabelKeys")


def _spread_keys(at: rules.At) -> Iterator[Error]:
    path, keys, selector = at.path.child("matchLabelKeys"), at.listed("matchLabelKeys"), at.get("labelSelector")
    if keys and selector is None:
        yield field.forbidden(path, "must not be specified when labelSelector is not set")
    for index, key in enumerate(keys):
        yield from names.label_key(key, path.at(index))
        if key in _selected_keys(selector or {}):
            yield field.invalid(path.at(index), key, "exists in both matchLabelKeys and labelSelector")


_NAMESPACES = rules.field("namespaces", rules.each(rules.matches(names.dns_label), indexed=False), shown="namespace")
_AFFINITY_TERM = (
    rules.field("labelSelector", rules.selector()),
    rules.field("namespaceSelector", rules.selector()),
    _NAMESPACES,
    _label_keys,
    rules.field("topologyKey", rules.required("can not be empty"), LABEL_KEY),
)
AFFINITY = rules.optional(
    "affinity",
    _NODE_AFFINITY,
    *(
        rules.optional(
            kind,
            rules.field(_REQUIRED, rules.each(*_AFFINITY_TERM)),
            rules.field(_PREFERRED, rules.each(_WEIGHT, rules.field("podAffinityTerm", *_AFFINITY_TERM))),
        )
        for kind in ("podAffinity", "podAntiAffinity")
    ),
)


def _min_domains(at: rules.At) -> Iterator[Error]:
    domains, action = at.get("minDomains"), at.get("whenUnsatisfiable") or ""
    if domains is not None and action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        yield field.invalid(at.path.child("minDomains"), domains, detail)


def _distinct(at: rules.At) -> Iterator[Error]:
    pairs = [(one.get("topologyKey") or "", one.get("whenUnsatisfiable") or "") for one in at.items()]
    for index, (key, action) in enumerate(pairs):
        if (key, action) in pairs[index + 1 :]:
            here = at.path.at(index).child("{topologyKey, whenUnsatisfiable}")
            yield field.duplicate(here, f"{{{key}, {action}}}")


SPREAD = rules.field(
    "topologySpreadConstraints",
    rules.each(
        rules.field("maxSkew", rules.more_than(0, _POSITIVE), otherwise=0),
        rules.field("topologyKey", rules.required("can not be empty")),
        rules.field("whenUnsatisfiable", rules.one_of(*_UNSATISFIABLE), otherwise=""),
        rules.field("minDomains", rules.more_than(0, _POSITIVE)),
        _min_domains,
        *(rules.field(name, rules.one_of("Honor", "Ignore")) for name in ("nodeAffinityPolicy", "nodeTaintsPolicy")),
        _spread_keys,
        rules.field("labelSelector", rules.selector()),
    ),
    _distinct,
)


def _key_or_all(at: rules.At) -> Iterator[Error]:
    if not at.get("key") and at.get("operator") != "Exists":
        detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield field.invalid(at.path.child("operator"), at.get("operator") or "", detail)


def _seconds(at: rules.At) -> Iterator[Error]:
    if at.get("tolerationSeconds") is not None and at.get("effect") != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield field.invalid(at.path.child("effect"), at.get("effect") or "", detail)


def _value(at: rules.At) -> Iterator[Error]:
    """The path of these errors is the operator's."""
    operator, value, path = at.get("operator") or "Equal", at.get("value") or "", at.path.child("operator")
    if operator == "Equal":
        if wrong := [error.message.partition(": ")[2] for error in names.label_value(value, Path(""))]:
            yield field.invalid(path, value, ";".join(one.partition(": ")[2] for one in wrong))
    elif operator == "Exists" and value:
        yield field.invalid(path, value, "value must be empty when `operator` is 'Exists'")


TOLERATIONS = rules.field(
    "tolerations",
    rules.each(
        rules.when(rules.given("key"), rules.field("key", LABEL_KEY)),
        _key_or_all,
        _seconds,
        _value,
        rules.field("operator", rules.one_of(*_OPERATORS)),
        rules.field("effect", rules.one_of(*EFFECTS)),
    ),
)
