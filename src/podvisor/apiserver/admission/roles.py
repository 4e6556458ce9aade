"""Nobody gives what he does not have: roles, and bindings to them.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
"""

from collections.abc import Sequence

from podvisor.apiserver import objects
from podvisor.apiserver.access import Attributes, Rule, rbac, rules
from podvisor.apiserver.access.policy import EVERYTHING
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json
from podvisor.types import status


async def escalation(change: Change, view: View) -> None:
    """Raises Forbidden for a role, or a binding to one, that allows what the user himself may not."""
    new = change.new
    if change.resource.group != rbac.GROUP or new is None or change.operation == "DELETE":
        return
    if change.resource.kind in ("Role", "ClusterRole"):
        await _check_role(change, view, new)
    else:
        await _check_binding(change, view, new)


async def _check_role(change: Change, view: View, new: Json) -> None:
    if _same(change, "rules", "aggregationRule"):
        return
    asked = Attributes("escalate", rbac.GROUP, "v1", change.resource.plural, "", change.namespace, change.name)
    if (await view.authorizer.authorize(change.user, asked)).allowed:
        return
    if new.get("aggregationRule") and rules.missing(await _owned(change, view), EVERYTHING):
        why = "must have cluster-admin privileges to use an aggregationRule"
        raise status.Forbidden(why, change.resource.subject(change.name))
    await _check(change, view, rules.of_role(new))


async def _check_binding(change: Change, view: View, new: Json) -> None:
    if _same(change, "roleRef", "subjects"):
        return
    kind, namespace, name = rbac.role_of(new)
    role = view.catalogue.now.by_kind.get((f"{rbac.GROUP}/v1", kind))
    if role is None or kind not in ("Role", "ClusterRole"):
        return  # which validation refuses
    asked = Attributes("bind", rbac.GROUP, "v1", role.plural, "", change.namespace, name)
    if (await view.authorizer.authorize(change.user, asked)).allowed:
        return
    found = await view.storage.get(role, namespace, name)
    await _check(change, view, rules.of_role(objects.decode(role, found)))


def _same(change: Change, *fields: str) -> bool:
    """True if a change leaves these fields as they are, for which one needs no rights."""
    new, old = change.new or {}, change.old
    return old is not None and all(new.get(name) == old.get(name) for name in fields)


async def _owned(change: Change, view: View) -> Sequence[Rule]:
    return await view.authorizer.rules(change.user, change.namespace)


async def _check(change: Change, view: View, wanted: Sequence[Rule]) -> None:
    lacking = rules.missing(await _owned(change, view), wanted)
    if not lacking:
        return
    user = change.user
    told = "\n".join(sorted(rules.shown(rule) for rule in lacking))
    why = f'user "{user.name}" (groups={rules.quoted(user.groups)}) is attempting to grant RBAC permissions not'
    raise status.Forbidden(f"{why} currently held:\n{told}", change.resource.subject(change.name))
