"""References by group, kind and name (`core/v1` TypedLocalObjectReference)."""

from podvisor.types import names, rules

TYPED = (
    rules.field("apiGroup", rules.matches(names.dns_subdomain)),
    rules.field("kind", rules.required("kind is required"), rules.matches(names.path_segment)),
    rules.field("name", rules.required("name is required"), rules.matches(names.path_segment)),
)
