"""Views of rbac.authorization.k8s.io/v1 kinds."""

from typing import Any

from msgspec import field

from podvisor.sdk.objects.meta import LabelSelector, Object, View


class AggregationRule(View):
    """Which roles a role takes its rules from."""

    cluster_role_selectors: list[LabelSelector] = field(default_factory=list[LabelSelector])


class ClusterRole(Object):
    """What one may do; the rules are compared and replaced as a whole."""

    rules: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    aggregation_rule: AggregationRule | None = None
