"""What is wrong with the spec of a pod or pod template (Kubernetes `pkg/apis/core/validation/validation.go`)."""

from collections.abc import Iterator, Sequence
from typing import Any

from podvisor.apiserver.kinds.podspec import containers, neighbours, volumes
from podvisor.apiserver.resource import Json
from podvisor.types import field, names
from podvisor.types.field import Path

RESTART_POLICIES = ("Always", "Never", "OnFailure")
_DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
_EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
_OPERATORS = ("Equal", "Exists")
_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")


def validate(spec: Json, path: Path) -> Iterator[field.Error]:
    """Objections to a pod's spec."""
    yield from volumes.validate(spec.get("volumes", ()), path.child("volumes"))
    yield from containers.validate(spec, path)
    yield from _policies(spec, path)
    yield from _names(spec, path)
    yield from names.labels(spec.get("nodeSelector", {}), path.child("nodeSelector"))
    yield from _tolerations(spec.get("tolerations", ()), path.child("tolerations"))
    yield from _affinity(spec.get("affinity", {}).get("nodeAffinity", {}), path.child("affinity", "nodeAffinity"))
    yield from neighbours.validate(spec, path)
    yield from _host_aliases(spec.get("hostAliases", ()), path.child("hostAliases"))


def _policies(spec: Json, path: Path) -> Iterator[field.Error]:
    if spec["restartPolicy"] not in RESTART_POLICIES:
        yield field.unsupported(path.child("restartPolicy"), spec["restartPolicy"], RESTART_POLICIES)
    if spec["dnsPolicy"] not in _DNS_POLICIES:
        yield field.unsupported(path.child("dnsPolicy"), spec["dnsPolicy"], _DNS_POLICIES)
    if spec["dnsPolicy"] == "None" and not spec.get("dnsConfig", {}).get("nameservers"):
        here = path.child("dnsConfig", "nameservers")
        yield field.required(here, "must provide at least one DNS nameserver when `dnsPolicy` is None")
    grace = spec["terminationGracePeriodSeconds"]
    if grace < 0:
        yield field.invalid(path.child("terminationGracePeriodSeconds"), grace, "must be greater than or equal to 0")
    deadline = spec.get("activeDeadlineSeconds", 1)
    if not 1 <= deadline < 2**31:
        here = path.child("activeDeadlineSeconds")
        yield field.invalid(here, deadline, "must be between 1 and 2147483647, inclusive")


def _names(spec: Json, path: Path) -> Iterator[field.Error]:
    for name in ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"):
        if value := spec.get(name):
            yield from (field.invalid(path.child(name), value, why) for why in names.dns_subdomain(value))
    for name in ("hostname", "subdomain"):
        if value := spec.get(name):
            yield from (field.invalid(path.child(name), value, why) for why in names.dns_label(value))
    for index, secret in enumerate(spec.get("imagePullSecrets", ())):
        if not secret.get("name"):
            yield field.required(path.child("imagePullSecrets").at(index).child("name"))


def _tolerations(tolerations: Sequence[Json], path: Path) -> Iterator[field.Error]:
    for index, one in enumerate(tolerations):
        here = path.at(index)
        operator, effect = one.get("operator", "Equal") or "Equal", one.get("effect", "")
        if one.get("key"):
            yield from names.label_key(one["key"], here.child("key"))
        elif operator != "Exists":
            yield field.invalid(
                here.child("operator"),
                operator,
                'operator must be Exists when `key` is empty, which means "match all values and all keys"',
            )
        if operator not in _OPERATORS:
            yield field.unsupported(here.child("operator"), operator, _OPERATORS)
        elif operator == "Exists" and one.get("value"):
            yield field.invalid(here.child("operator"), one, "value must be empty when `operator` is 'Exists'")
        if effect and effect not in _EFFECTS:
            yield field.unsupported(here.child("effect"), effect, _EFFECTS)
        if "tolerationSeconds" in one and effect != "NoExecute":
            yield field.invalid(
                here.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"
            )


def _affinity(affinity: Json, path: Path) -> Iterator[field.Error]:
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is not None:
        here = path.child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
        if not (terms := required.get("nodeSelectorTerms", ())):
            yield field.required(here, "must have at least one node selector term")
        for index, term in enumerate(terms):
            yield from _term(term, here.at(index))
    preferred = affinity.get("preferredDuringSchedulingIgnoredDuringExecution", ())
    for index, one in enumerate(preferred):
        here = path.child("preferredDuringSchedulingIgnoredDuringExecution").at(index)
        if not 1 <= one.get("weight", 0) <= 100:
            yield field.invalid(here.child("weight"), one.get("weight", 0), "must be in the range 1-100")
        yield from _term(one.get("preference", {}), here.child("preference"))


def _term(term: Json, path: Path) -> Iterator[field.Error]:
    for index, one in enumerate(term.get("matchExpressions", ())):
        here = path.child("matchExpressions").at(index)
        operator, values = one.get("operator", ""), one.get("values", ())
        yield from names.label_key(one.get("key", ""), here.child("key"))
        if operator not in _NODE_OPERATORS:
            yield field.invalid(here.child("operator"), operator, "not a valid selector operator")
        elif operator in ("In", "NotIn") and not values:
            yield field.required(here.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in ("Exists", "DoesNotExist") and values:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield field.forbidden(here.child("values"), detail)
        elif operator in ("Gt", "Lt") and len(values) != 1:
            detail = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            yield field.required(here.child("values"), detail)


def _host_aliases(aliases: Sequence[Any], path: Path) -> Iterator[field.Error]:
    for index, one in enumerate(aliases):
        if not one.get("ip"):
            yield field.invalid(
                path.at(index).child("ip"), "", "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            )
        for place, name in enumerate(one.get("hostnames", ())):
            here = path.at(index).child("hostnames").at(place)
            yield from (field.invalid(here, name, why) for why in names.dns_subdomain(name))
