"""Ingress (https://kubernetes.io/docs/concepts/services-networking/ingress/)."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds.networking.references import TYPED
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, formats, names, rules

OLD_CLASS = "kubernetes.io/ingress.class"
"""The annotation that named the class before there was a field for it."""
_NOT_IN_PATHS = ("//", "/./", "/../", "%2f", "%2F")
_NOT_AT_ENDS = ("/..", "/.")
_WIDTH = 16
"""How much of the addresses a narrow table shows (`loadBalancerWidth`)."""


def _create(item: Json) -> None:
    item["status"] = {"loadBalancer": {}}


def _warnings(item: Json) -> Iterable[str]:
    if objects.dig(item, "metadata", "annotations", OLD_CLASS) and not item["spec"].get("ingressClassName"):
        yield f"annotation \"{OLD_CLASS}\" is deprecated, please use 'spec.ingressClassName' instead"


def _host(value: str) -> Iterator[str]:
    """Objections to a host, which may begin with `*.`."""
    yield from names.wildcard_subdomain(value) if "*" in value else names.dns_subdomain(value)


def _port(at: rules.At) -> Iterator[field.Error]:
    """By name or by number; errors about both are the backend's."""
    name, number = at.get("service", "port", "name"), at.get("service", "port", "number")
    here = at.path.child("service", "port")
    if name and number:
        yield field.invalid(at.path, "", "cannot set both port name & port number")
    elif name:
        yield from (field.invalid(here.child("name"), name, why) for why in names.port_name(name))
    elif number:
        yield from rules.port().check(at.child("service").child("port").child("number"))
    else:
        yield field.required(at.path, "port name or number is required")


def _service_or_resource(at: rules.At) -> Iterator[field.Error]:
    service, resource = at.get("service") is not None, at.get("resource") is not None
    if service and resource:
        yield field.invalid(at.path, "", "cannot set both resource and service backends")
    elif not service and not resource:
        yield field.invalid(at.path, "", "resource or service backend is required")


_BACKEND = rules.first(
    _service_or_resource,
    rules.optional("resource", *TYPED),
    rules.when(
        rules.given("service"),
        rules.field("service", rules.field("name", rules.required(), rules.matches(names.dns_1035_label))),
        _port,
    ),
)


def _path(at: rules.At) -> Iterator[field.Error]:
    kind, path, here = at.get("pathType"), at.get("path") or "", at.path.child("path")
    if kind not in ("Exact", "Prefix", "ImplementationSpecific"):
        known = ("Exact", "ImplementationSpecific", "Prefix")
        yield field.unsupported(at.path.child("pathType"), kind, known, in_order=True)
        return
    is_free = kind == "ImplementationSpecific"
    if not path.startswith("/") and not (is_free and not path):
        yield field.invalid(here, path, "must be an absolute path")
    if not is_free:
        yield from (field.invalid(here, path, f"must not contain '{text}'") for text in _NOT_IN_PATHS if text in path)
        ends = (text for text in _NOT_AT_ENDS if path.endswith(text))
        yield from (field.invalid(here, path, f"cannot end with '{text}'") for text in ends)


_PATH = (
    rules.field("pathType", rules.required("pathType must be specified")),
    rules.when(rules.given("pathType"), _path, rules.field("backend", _BACKEND, otherwise={})),
)


def _something(at: rules.At) -> Iterator[field.Error]:
    if not at.get("rules") and at.get("defaultBackend") is None:
        yield field.invalid(at.path, at.get("rules"), "either `defaultBackend` or `rules` must be specified")


def _one_class(at: rules.At) -> Iterator[field.Error]:
    annotation, name = at.get("metadata", "annotations", OLD_CLASS), at.get("spec", "ingressClassName")
    if annotation is not None and name is not None and annotation != name:
        path = field.Path("annotations").child(OLD_CLASS)
        yield field.invalid(path, annotation, "must match `ingressClassName` when both are specified")


RULES = (
    rules.field(
        "spec",
        _something,
        rules.optional("defaultBackend", _BACKEND),
        rules.field(
            "rules",
            rules.each(
                rules.field("host", rules.matches(formats.no_ip), rules.matches(_host)),
                rules.optional(
                    "http",
                    rules.field("paths", rules.required(), rules.each(*_PATH)),
                ),
            ),
        ),
        rules.field(
            "tls",
            rules.each(
                rules.field("hosts", rules.each(rules.matches(_host))),
                rules.field("secretName", rules.matches(names.dns_subdomain)),
            ),
        ),
        rules.field("ingressClassName", rules.matches(names.dns_subdomain)),
        otherwise={},
    ),
    rules.when_creating(_one_class),
)
STATUS_RULES = (
    rules.field(
        "status",
        rules.field(
            "loadBalancer",
            rules.field(
                "ingress",
                rules.each(
                    rules.field("ip", rules.matches(formats.ip)),
                    rules.field("hostname", rules.matches(names.dns_subdomain), rules.matches(formats.no_ip)),
                ),
            ),
        ),
    ),
)


def _hosts(spec: Json) -> str:
    of_rules = [rule.get("host", "") for rule in spec.get("rules") or ()]
    named = [host for host in of_rules if host]
    if not named:
        return "*"
    more = f" + {len(of_rules) - 3} more..." if len(named) >= 3 and len(of_rules) > 3 else ""
    return ",".join(named[:3]) + more


def _addresses(item: Json) -> str:
    entries = objects.dig(item, "status", "loadBalancer", "ingress") or ()
    shown = ",".join(sorted({entry.get("ip") or entry.get("hostname") or "" for entry in entries} - {""}))
    return shown if len(shown) <= _WIDTH else shown[: _WIDTH - 3] + "..."


def _row(item: Json, now: datetime) -> Cells:
    spec = item["spec"]
    return (
        item["metadata"]["name"],
        spec.get("ingressClassName") or "<none>",
        _hosts(spec),
        _addresses(item),
        "80, 443" if spec.get("tls") else "80",
        cells.age(item["metadata"], now),
    )


RECORD = Resource(
    "networking.k8s.io",
    "v1",
    "ingresses",
    "Ingress",
    short_names=("ing",),
    columns=(NAME, *(Column(name) for name in ("Class", "Hosts", "Address", "Ports")), AGE),
    row=_row,
    hooks=Hooks(create=_create, warnings=_warnings),
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
    counts_generations=True,
)
