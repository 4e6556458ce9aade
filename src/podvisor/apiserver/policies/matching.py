"""Which changes a policy, or one of its bindings, concerns (apiserver `pkg/admission/plugin/policy/matching`)."""

from collections.abc import Sequence

from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.webhooks import matching as rules

_EXCLUDED = frozenset(
    {
        *(("authentication.k8s.io", name) for name in ("selfsubjectreviews", "tokenreviews")),
        *(
            ("authorization.k8s.io", f"{name}reviews")
            for name in ("localsubjectaccess", "selfsubjectaccess", "selfsubjectrules", "subjectaccess")
        ),
    }
)
"""What nobody may refuse, so that a policy does not lock everybody out."""


def is_exempt(change: Change) -> bool:
    """True if no policy is asked: about policies themselves above all, so that each can be taken away."""
    return rules.is_about_admission(change) or (change.resource.group, change.resource.plural) in _EXCLUDED


async def version_for(given: Json, change: Change, view: View) -> Resource | None:
    """The resource as which the change is looked at; None if it is none of what `given`, a MatchResources, names."""
    if not await rules.selects(given, change, view):
        return None
    equivalent = given.get("matchPolicy") != "Exact"
    if _first(given.get("excludeResourceRules") or (), change, view, equivalent=equivalent) is not None:
        return None
    if not (named := given.get("resourceRules") or ()):
        return change.resource
    return _first(named, change, view, equivalent=equivalent)


def _first(given: Sequence[Json], change: Change, view: View, *, equivalent: bool) -> Resource | None:
    """The version in which one of the rules names the change."""
    if any(_names(rule, change, change.resource) for rule in given):
        return change.resource
    if not equivalent:
        return None
    others = list(rules.equivalents(change.resource, view))
    return next((other for rule in given for other in others if _names(rule, change, other)), None)


def _names(rule: Json, change: Change, resource: Resource) -> bool:
    wanted: Sequence[str] = rule.get("resourceNames") or ()
    return rules.matches(rule, change, resource) and (not wanted or change.name in wanted)
