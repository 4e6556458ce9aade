"""Whether a node is one that a pod selects (nodeSelector and node affinity)."""

from collections.abc import Mapping
from typing import Protocol

from podvisor.sdk import selectors
from podvisor.sdk.objects.core import NodeSelectorTerm, Pod, PreferredSchedulingTerm


class Named(Protocol):
    """What is known of a node here: its metadata will do."""

    @property
    def name(self) -> str:
        """Its name, which terms can select by as a field."""
        ...

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels."""
        ...


def selects(pod: Pod, node: Named) -> bool:
    """True if the node has what the pod needs of its nodes."""
    if not pod.spec.node_selector.items() <= node.labels.items():
        return False
    wanted = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = wanted.required_during_scheduling_ignored_during_execution if wanted else None
    return required is None or any(matches(term, node) for term in required.node_selector_terms)


def is_choosy(pod: Pod) -> bool:
    """True if `selects` can say no to any node at all."""
    wanted = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    return bool(pod.spec.node_selector) or (
        wanted is not None and wanted.required_during_scheduling_ignored_during_execution is not None
    )


def wishes(pod: Pod) -> list[PreferredSchedulingTerm]:
    """What the pod would like of its nodes."""
    wanted = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    return wanted.preferred_during_scheduling_ignored_during_execution if wanted else []


def matches(term: NodeSelectorTerm, node: Named) -> bool:
    """True if a node meets all of a term; an empty term is met by none."""
    if not term.match_expressions and not term.match_fields:
        return False
    fields: dict[str, str] = {"metadata.name": node.name}
    return selectors.meets(term.match_expressions, node.labels) and selectors.meets(term.match_fields, fields)
