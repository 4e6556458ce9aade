"""A Deployment's ReplicaSets as a history: one per template, numbered.

The annotations are those that kubectl reads: `deployment.kubernetes.io/revision` numbers a ReplicaSet (and tells the
Deployment's current one), `revision-history` lists the numbers that it had before, `desired-replicas` and
`max-replicas` tell what the Deployment wanted when it last scaled it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from podvisor.controllers import ownership
from podvisor.sdk import kinds
from podvisor.sdk.objects.apps import Deployment, ReplicaSet, Template, template_labels, template_metadata

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
OWN = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "deprecated.deployment.rollback.to",
        REVISION,
        HISTORY,
        DESIRED,
        MAXIMUM,
    }
)
"""Annotations that are not handed from a Deployment to its ReplicaSets."""
ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Letters of generated names: no vowels, hence no words (apimachinery `rand.SafeEncodeString`)."""


def template_hash(template: Template, collisions: int) -> str:
    """A short name for a template; `collisions` gives another one where two templates share it."""
    data = orjson.dumps(template, option=orjson.OPT_SORT_KEYS) + str(collisions).encode()
    number = int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "big")
    return "".join(ALPHABET[ord(digit) % len(ALPHABET)] for digit in str(number))


def same_template(one: Template, other: Template) -> bool:
    """Whether they describe the same pods; the hash label, which only ReplicaSets' templates have, does not count."""
    return _without_hash(one) == _without_hash(other)


def find_new(deployment: Deployment, sets: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The ReplicaSet of the current template; should there be several, the oldest."""
    same = (one for one in sets if same_template(one.spec.template, deployment.spec.template))
    return min(same, key=_age, default=None)


def by_age(sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """Oldest first."""
    return sorted(sets, key=_age)


def revision_of(one: ReplicaSet | Deployment) -> int:
    """Its number, or 0."""
    return _number(one.metadata.annotations.get(REVISION))


def next_revision(olds: Iterable[ReplicaSet]) -> int:
    """The number that the current ReplicaSet has or gets: above all others."""
    return max(map(revision_of, olds), default=0) + 1


def annotations(deployment: Deployment, revision: int, current: Mapping[str, str]) -> dict[str, str]:
    """What the current ReplicaSet's annotations should hold, given what they hold.

    A ReplicaSet that becomes current again takes a new number and remembers the old one.
    """
    wanted = {name: text for name, text in deployment.metadata.annotations.items() if name not in OWN}
    before = _number(current.get(REVISION))
    if before >= revision:
        return wanted
    wanted[REVISION] = str(revision)
    if before:
        history = [number for number in current.get(HISTORY, "").split(",") if number]
        wanted[HISTORY] = ",".join([*history, str(before)] if str(before) not in history else history)
    return wanted


def sizes(deployment: Deployment, maximum: int) -> dict[str, str]:
    """The annotations that tell what the Deployment wants now."""
    return {DESIRED: str(deployment.spec.replicas), MAXIMUM: str(maximum)}


def desired(one: ReplicaSet) -> int | None:
    """How many replicas the Deployment wanted in all when it last scaled this one."""
    text = one.metadata.annotations.get(DESIRED)
    return _number(text) if text is not None else None


def maximum(one: ReplicaSet) -> int:
    """How many pods the Deployment allowed in all when it last scaled this one, or 0."""
    return _number(one.metadata.annotations.get(MAXIMUM))


def new_set(deployment: Deployment, olds: Sequence[ReplicaSet], replicas: int, maximum: int) -> dict[str, Any]:
    """The ReplicaSet for the current template."""
    name = template_hash(deployment.spec.template, deployment.status.collision_count)
    template = _with_label(deployment.spec.template, name)
    selector: dict[str, Any] = {"matchLabels": {**deployment.spec.selector.match_labels, HASH_LABEL: name}}
    if deployment.spec.selector.match_expressions:
        selector["matchExpressions"] = deployment.spec.selector.match_expressions
    given = annotations(deployment, next_revision(olds), {}) | sizes(deployment, maximum)
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{deployment.metadata.name}-{name}",
            "namespace": deployment.metadata.namespace,
            "labels": template["metadata"]["labels"],
            "annotations": given,
            "ownerReferences": [ownership.reference(kinds.DEPLOYMENTS, deployment)],
        },
        "spec": {
            "replicas": replicas,
            "minReadySeconds": deployment.spec.min_ready_seconds,
            "selector": selector,
            "template": template,
        },
    }


def to_clean_up(deployment: Deployment, olds: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """The old ReplicaSets beyond the history limit that nothing depends on any more, oldest revision first."""
    alive = sorted((one for one in olds if not one.metadata.deleting), key=revision_of)
    excess = alive[: max(len(alive) - deployment.spec.revision_history_limit, 0)]
    return [one for one in excess if _is_idle(one)]


def _is_idle(one: ReplicaSet) -> bool:
    seen = one.status.observed_generation >= one.metadata.generation
    return seen and one.spec.replicas == 0 and one.status.replicas == 0


def _age(one: ReplicaSet) -> tuple[Any, str]:
    return (one.metadata.creation_timestamp, one.metadata.name)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _without_hash(template: Template) -> Template:
    labels = {name: text for name, text in template_labels(template).items() if name != HASH_LABEL}
    metadata = {name: value for name, value in template_metadata(template).items() if name != "creationTimestamp"}
    return {**template, "metadata": {**metadata, "labels": labels}}


def _with_label(template: Template, name: str) -> Template:
    labels = {**template_labels(template), HASH_LABEL: name}
    return {**template, "metadata": {**template_metadata(template), "labels": labels}}
