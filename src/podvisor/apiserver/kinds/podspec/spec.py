"""The rules of a pod's spec, of a pod itself or of a template (Kubernetes `pkg/apis/core/validation/validation.go`)."""

from collections.abc import Iterator

from podvisor.apiserver.kinds.podspec import containers, resources, scheduling, security, volumes
from podvisor.types import field, formats, names, rules
from podvisor.types.field import Error

RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_NO_WINDOWS = "cannot be set for a windows pod"
_NO_LINUX = "windows options cannot be set for a linux pod"
_NAMESERVERS, _SEARCHES, _SEARCH_LENGTH = 3, 32, 2048
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
_MIRROR = "kubernetes.io/config.mirror"


def _host_network_ports(at: rules.At) -> Iterator[Error]:
    if not at.get("hostNetwork"):
        return
    for index, container in enumerate(at.listed("containers")):
        for place, port in enumerate(container.get("ports", ())):
            if port.get("hostPort") and port["hostPort"] != port.get("containerPort"):
                here = at.path.child("containers").at(index).child("ports").at(place).child("hostPort")
                yield field.invalid(here, port["hostPort"], "must match `containerPort` when `hostNetwork` is true")


def _dns_none(at: rules.At) -> Iterator[Error]:
    """Without a policy there must be servers."""
    if at.get("dnsPolicy") != "None":
        return
    if at.get("dnsConfig") is None:
        yield field.required(at.path.child("dnsConfig"), "must provide `dnsConfig` when `dnsPolicy` is None")
    elif not at.listed("dnsConfig", "nameservers"):
        detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        yield field.required(at.path.child("dnsConfig", "nameservers"), detail)


def _at_most(most: int, detail: str) -> rules.Check:
    def objections(at: rules.At) -> Iterator[Error]:
        if len(at.value) > most:
            yield field.invalid(at.path, at.value, f"must not have more than {most} {detail}")

    return rules.Check(f"at_most({most})", objections)


def _search_length(at: rules.At) -> Iterator[Error]:
    if len(" ".join(at.value)) > _SEARCH_LENGTH:
        detail = f"must not have more than {_SEARCH_LENGTH} characters (including spaces) in the search list"
        yield field.invalid(at.path, at.value, detail)


def _search(at: rules.At) -> Iterator[Error]:
    domain = at.value.removesuffix(".")
    yield from (field.invalid(at.path, domain, why) for why in names.dns_subdomain_with_underscore(domain))


_DNS_CONFIG = rules.optional(
    "dnsConfig",
    rules.field("nameservers", _at_most(_NAMESERVERS, "nameservers"), rules.each(rules.matches(formats.ip))),
    rules.field("searches", _at_most(_SEARCHES, "search paths"), _search_length, rules.each(_search)),
    rules.field("options", rules.each(rules.field("name", rules.required("must not be empty"), shown=""))),
)


def _qualified(at: rules.At) -> Iterator[Error]:
    yield from (field.invalid(at.path, at.value or "", why) for why in names.qualified(at.value or ""))


QUALIFIED = rules.asks_nothing(_qualified)
_GATES = rules.field(
    "schedulingGates",
    rules.each(rules.field("name", QUALIFIED, shown="")),
    lambda at: (
        field.duplicate(at.path.at(index), one.get("name"))
        for index, one in enumerate(at.value)
        if one.get("name") in [other.get("name") for other in at.value[:index]]
    ),
)
_CLAIMS = rules.field(
    "resourceClaims",
    rules.each(
        rules.field("name", rules.required(), rules.matches(names.dns_label)),
        lambda at: (
            [
                field.invalid(
                    at.path,
                    at.value,
                    "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
                )
            ]
            if {"resourceClaimName", "resourceClaimTemplateName"} <= set(at.value)
            else []
        ),
        lambda at: (
            [field.invalid(at.path, at.value, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")]
            if not {"resourceClaimName", "resourceClaimTemplateName"} & set(at.value)
            else []
        ),
        *(
            rules.field(name, rules.matches(names.dns_subdomain))
            for name in ("resourceClaimName", "resourceClaimTemplateName")
        ),
    ),
    rules.unique_by("name"),
)


def _host_users(at: rules.At) -> Iterator[Error]:
    if at.get("hostUsers") is False:
        for name, shown in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
            if at.get(name):
                yield field.forbidden(at.path.child(shown), "when `pod.Spec.HostUsers` is false")


def _overhead(at: rules.At) -> Iterator[Error]:
    yield from resources.fixed(at, at.value)


_POD_ONLY_LINUX = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
]
_SPEC_ONLY_LINUX = ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace")
_CONTAINER_ONLY_LINUX = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
]


def _in_contexts(*content: rules.Rule) -> tuple[rules.Rule, ...]:
    """Rules for the security contexts of all containers."""
    each = rules.each(rules.optional("securityContext", *content))
    return tuple(rules.field(kind, each) for kind in ("initContainers", "containers", "ephemeralContainers"))


def _without(detail: str, *fields: str) -> tuple[rules.Rule, ...]:
    return tuple(rules.field(name, rules.forbidden(detail)) for name in fields)


_OS = (
    rules.optional("os", rules.field("name", rules.required("cannot be empty"))),
    rules.optional("os", rules.field("name", rules.one_of("linux", "windows"), shown="")),
    rules.when(
        lambda at: at.get("os", "name") == "linux",
        rules.optional("securityContext", *_without(_NO_LINUX, "windowsOptions")),
        *_in_contexts(*_without(_NO_LINUX, "windowsOptions")),
    ),
    rules.when(
        lambda at: at.get("os", "name") == "windows",
        rules.optional("securityContext", *_without(_NO_WINDOWS, *_POD_ONLY_LINUX)),
        *_without(_NO_WINDOWS, *_SPEC_ONLY_LINUX),
        *_in_contexts(*_without(_NO_WINDOWS, *_CONTAINER_ONLY_LINUX)),
    ),
)
_RULES = (
    volumes.RULES,
    _CLAIMS,
    *containers.RULES,
    _host_network_ports,
    rules.field("restartPolicy", rules.required(), rules.one_of(*RESTART_POLICIES)),
    rules.field("dnsPolicy", rules.required(), rules.one_of(*_DNS_POLICIES)),
    rules.field("nodeSelector", rules.labels()),
    *security.OF_POD,
    scheduling.AFFINITY,
    _dns_none,
    _DNS_CONFIG,
    rules.field("readinessGates", rules.each(rules.field("conditionType", QUALIFIED))),
    _GATES,
    scheduling.SPREAD,
    _host_users,
    rules.field("serviceAccountName", rules.matches(names.dns_subdomain)),
    rules.field("nodeName", rules.matches(names.dns_subdomain)),
    rules.field("activeDeadlineSeconds", rules.in_range(1, 2**31 - 1)),
    rules.field("hostname", rules.matches(names.dns_label)),
    rules.field("subdomain", rules.matches(names.dns_label)),
    scheduling.TOLERATIONS,
    rules.field(
        "hostAliases",
        rules.each(
            rules.field("ip", rules.matches(formats.ip)),
            rules.field("hostnames", rules.each(rules.matches(names.dns_subdomain))),
        ),
    ),
    rules.field("priorityClassName", rules.matches(names.dns_subdomain)),
    rules.field("runtimeClassName", rules.matches(names.dns_subdomain)),
    rules.field("preemptionPolicy", rules.one_of("PreemptLowerPriority", "Never")),
    rules.field("overhead", _overhead),
    *_OS,
)


def of(name: str) -> rules.Rule:
    """The rules of the pod spec in a field."""
    return rules.field(name, rules.scope("pod", *_RULES), otherwise={})


def _cost(at: rules.At) -> Iterator[Error]:
    cost = at.get(_DELETION_COST)
    if cost is not None and not _is_int32(cost):
        yield field.invalid(at.path.key(_DELETION_COST), cost, "must be a 32bit integer")


def _is_int32(text: str) -> bool:
    digits = text.removeprefix("-")
    well_formed = digits.isascii() and digits.isdecimal() and (digits == "0" or not digits.startswith("0"))
    return well_formed and -(2**31) <= int(text) < 2**31 and text != "-0"


def _mirror(at: rules.At) -> Iterator[Error]:
    value = at.get("metadata", "annotations", _MIRROR)
    if value is not None and not at.get("spec", "nodeName"):
        path = at.path.child("metadata", "annotations").key(_MIRROR)
        yield field.invalid(path, value, "must set spec.nodeName if mirror pod annotation is set")


ANNOTATIONS = (_mirror, rules.field("metadata", rules.field("annotations", _cost)))
"""What annotations mean to a pod; they are checked as such elsewhere."""
TEMPLATE_METADATA = rules.field(
    "metadata",
    rules.field("labels", rules.labels()),
    rules.field("annotations", rules.annotations(), _cost),
    # A template's labels and annotations have a path without `metadata`.
    shown="",
)
TEMPLATE = (
    TEMPLATE_METADATA,
    of("spec"),
    rules.field(
        "spec",
        rules.field("ephemeralContainers", rules.forbidden("ephemeral containers not allowed in pod template")),
    ),
)
"""The rules of a pod template, at its place."""
