"""Counts every write that uses something of a ResourceQuota (the plugin ResourceQuota).

https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#resourcequota . The real server counts
first and stores the object afterwards, so that the two can part. Here both are one transaction: what a quota says is
used is never less than what is there, however many create at once, and a write that fails uses nothing. What is freed
is given back by the controller.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.storage import Beside
from podvisor.types import amounts, status, usage
from podvisor.types.amounts import Amounts


async def charges(change: Change, view: View, now: datetime) -> Sequence[Beside]:
    """The quotas as they have to be written beside the change. Raises Forbidden where one would be exceeded."""
    if not change.namespace or not _may_use(change):
        return ()
    resource = view.catalogue.get("", "v1", "resourcequotas")
    found = (await view.storage.all(resource, change.namespace)).kvs
    written: list[Beside] = []
    for kv in found:
        quota = objects.decode(resource, kv)
        if (used := _used(change, quota, now)) is not None:
            new = {**quota, "status": {**quota["status"], "used": amounts.plain(used)}}
            written.append(Beside(kv, objects.encode(new)))
    return written


def _may_use(change: Change) -> bool:
    """True if this kind of change can use more of something."""
    new, old = change.new, change.old
    if change.subresource or new is None or old is None:
        return change.operation == "CREATE" and not change.subresource
    match (change.resource.group, change.resource.plural):
        case ("", "pods"):
            # What a pod asks for stays; whether it ends by itself is the one scope that can change.
            return usage.is_terminating(new) != usage.is_terminating(old)
        case ("", "services" | "persistentvolumeclaims"):
            return True
        case _:
            return False


def _used(change: Change, quota: Json, now: datetime) -> Amounts | None:
    """What is used of a quota with this change; None if that is as before."""
    hard = amounts.parse(quota.get("status", {}).get("hard"))
    if change.new is None or not _counts(change.resource, quota, hard, change.new):
        return None
    names = usage.names_of(change.resource.group, change.resource.plural, hard)
    if change.resource.plural == "pods" and (missing := usage.unsaid(change.new, names)):
        raise _refused(change, f"failed quota: {quota['metadata']['name']}: must specify {missing}")
    used = amounts.parse(quota["status"].get("used"))
    if not set(names) <= used.keys():
        # Nobody knows yet: the controller has still to count.
        text = f"status unknown for quota: {quota['metadata']['name']}, resources: {','.join(sorted(names))}"
        raise _refused(change, text)
    more = amounts.only(_delta(change, quota, hard, now), hard)
    if not more:
        return None
    _check(change, quota["metadata"]["name"], more, used, hard)
    return amounts.add(used, more)


def _delta(change: Change, quota: Json, hard: Iterable[str], now: datetime) -> Amounts:
    """What the object uses, or by how much more than before where the quota counted it before."""
    resource, new, old = change.resource, change.new, change.old
    assert new is not None
    used = usage.of_object(resource.group, resource.plural, new, now)
    if old is not None and _counts(resource, quota, hard, old):
        used = amounts.subtract(used, usage.of_object(resource.group, resource.plural, old, now))
    return {name: amount for name, amount in used.items() if amount.amount}


def _counts(resource: Resource, quota: Json, hard: Iterable[str], item: Json) -> bool:
    return usage.counts(quota.get("spec", {}), hard, resource.group, resource.plural, item)


def _check(change: Change, name: str, more: Amounts, used: Amounts, hard: Amounts) -> None:
    sums = amounts.add(used, more)
    if exceeded := [one for one in more if sums[one] > hard[one]]:
        parts = (("requested", more), ("used", used), ("limited", hard))
        shown = (f"{word}: {_shown(amounts.only(listed, exceeded))}" for word, listed in parts)
        raise _refused(change, f"exceeded quota: {name}, {', '.join(shown)}")


def _shown(listed: Amounts) -> str:
    return ",".join(f"{name}={listed[name]}" for name in sorted(listed))


def _refused(change: Change, why: str) -> status.Forbidden:
    return status.Forbidden(why, change.resource.subject(change.name))
