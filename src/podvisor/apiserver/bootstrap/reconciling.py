"""What a stored role or binding lacks of the one that a cluster begins with.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#auto-reconciliation . What somebody added stays.
"""

from collections.abc import Sequence
from typing import Any

from podvisor.apiserver import objects
from podvisor.apiserver.access import rules
from podvisor.apiserver.bootstrap.roles import AUTOUPDATE
from podvisor.apiserver.resource import Json


def is_protected(stored: Json) -> bool:
    """True if its annotation says that it shall stay as it is."""
    return objects.dig(stored, "metadata", "annotations", AUTOUPDATE) == "false"


def is_another(stored: Json, wanted: Json) -> bool:
    """True for a binding to another role. That cannot be changed, so it is deleted and created again."""
    return stored.get("roleRef") != wanted.get("roleRef")


def reconciled(stored: Json, wanted: Json) -> Json:
    """`stored` with the labels, annotations, rules, selectors and subjects that it lacks of `wanted`."""
    metadata = dict(stored["metadata"])
    for name in ("labels", "annotations"):
        metadata[name] = {**wanted["metadata"].get(name, {}), **(metadata.get(name) or {})}
    return stored | {"metadata": metadata} | _subjects(stored, wanted) | _rules(stored, wanted)


def _subjects(stored: Json, wanted: Json) -> Json:
    known = _list(stored, "subjects")
    more = _unknown(_list(wanted, "subjects"), known)
    return {"subjects": [*known, *more]} if more else {}


def _rules(stored: Json, wanted: Json) -> Json:
    changed: Json = {}
    selectors, known = (_list(one, "aggregationRule", "clusterRoleSelectors") for one in (wanted, stored))
    if more := _unknown(selectors, known):
        changed["aggregationRule"] = {"clusterRoleSelectors": [*known, *more]}
    # The rules of a role that collects them from others are its controller's.
    if not selectors and (lacking := rules.missing(rules.of_role(stored), rules.of_role(wanted))):
        changed["rules"] = [*(stored.get("rules") or ()), *map(rules.to_json, lacking)]
    return changed


def _list(item: Json, *path: str) -> list[Any]:
    return list(objects.dig(item, *path) or ())


def _unknown(wanted: Sequence[Any], known: Sequence[Any]) -> list[Any]:
    return [one for one in wanted if one not in known]
