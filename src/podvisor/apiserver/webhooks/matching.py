"""Whether a webhook is to be asked about a change, and in which version of the object.

https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#matching-requests-rules
"""

from collections.abc import Iterator, Mapping, Sequence

from podvisor.apiserver import objects
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json, Resource
from podvisor.types import selectors

_GROUP = "admissionregistration.k8s.io"
_ADMISSION = frozenset(
    {
        *("mutatingwebhookconfigurations", "validatingwebhookconfigurations"),
        *("validatingadmissionpolicies", "validatingadmissionpolicybindings"),
        *("mutatingadmissionpolicies", "mutatingadmissionpolicybindings"),
    }
)


def is_about_admission(change: Change) -> bool:
    """True for webhooks and policies themselves: none is asked about them, so that each can be taken away."""
    return change.resource.group == _GROUP and change.resource.plural in _ADMISSION


def version_for(hook: Json, change: Change, view: View) -> Resource | None:
    """The resource as which the webhook wants to see the object; None if its rules do not name it."""
    if is_about_admission(change):
        return None
    given: Sequence[Json] = hook.get("rules", ())
    if any(matches(rule, change, change.resource) for rule in given):
        return change.resource
    if hook.get("matchPolicy") == "Exact":
        return None
    return next(
        (other for other in equivalents(change.resource, view) if any(matches(rule, change, other) for rule in given)),
        None,
    )


def matches(rule: Json, change: Change, resource: Resource) -> bool:
    """True if a rule names this change, of the object as one of `resource`."""
    return (
        _named(rule.get("operations", ()), change.operation)
        and _named(rule.get("apiGroups", ()), resource.group)
        and _named(rule.get("apiVersions", ()), resource.version)
        and any(_is_resource(one, resource.plural, change.subresource) for one in rule.get("resources", ()))
        and _in_scope(rule.get("scope") or "*", change)
    )


async def selects(hook: Json, change: Change, view: View) -> bool:
    """True if the selectors of the webhook, or of what else has them, choose the change."""
    chosen = selectors.from_object(hook.get("objectSelector"))
    if chosen is not None and chosen.requirements and not any(chosen.matches(one) for one in _labels(change)):
        return False
    wanted = selectors.from_object(hook.get("namespaceSelector"))
    if wanted is None or not wanted.requirements:
        return True
    labels = await _namespace_labels(change, view)
    return labels is None or wanted.matches(labels)


def equivalents(resource: Resource, view: View) -> Iterator[Resource]:
    """The same objects in other versions, and in other groups."""
    return (other for other in view.catalogue.now.resources if other.key == resource.key and other is not resource)


def _named(given: Sequence[str], value: str) -> bool:
    return "*" in given or value in given


def _is_resource(one: str, plural: str, subresource: str) -> bool:
    resource, slash, below = one.partition("/")
    if resource not in ("*", plural):
        return False
    return below in ("*", subresource) if slash else not subresource


def _in_scope(scope: str, change: Change) -> bool:
    # A Namespace itself belongs to the cluster.
    namespaced = change.resource.namespaced
    return scope == "*" or (scope == "Namespaced") == namespaced


def _labels(change: Change) -> Iterator[Mapping[str, str]]:
    for item in (change.new, change.old):
        if item is not None:
            yield item["metadata"].get("labels") or {}


async def _namespace_labels(change: Change, view: View) -> Mapping[str, str] | None:
    """The labels of the namespace in which, or of which, the object is; None for an object of the cluster."""
    is_namespace = (change.resource.group, change.resource.plural) == ("", "namespaces")
    if is_namespace:
        return next(_labels(change), dict[str, str]())
    if not change.namespace:
        return None
    found = await view.storage.find(view.catalogue.get("", "v1", "namespaces"), "", change.namespace)
    return objects.labels(found) if found else {}


async def converted(item: Json | None, source: Resource, target: Resource, view: View) -> Json | None:
    """The object in another version of its resource."""
    return None if item is None else await view.storage.in_version(item, source, target)
