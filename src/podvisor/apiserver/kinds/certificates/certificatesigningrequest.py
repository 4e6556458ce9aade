"""CertificateSigningRequest: somebody asks for a certificate, somebody approves or denies, a signer signs.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/
"""

from collections.abc import Iterator
from datetime import datetime

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds.certificates import requests, signers
from podvisor.apiserver.resource import (
    AGE,
    NAME,
    UNCHANGED_STATUS,
    Cells,
    Column,
    Hooks,
    Json,
    Resource,
    Subresource,
)
from podvisor.types import csr, field, names, rules

_WHO = ("username", "uid", "groups", "extra")
_SHORTEST = 600


def _create(item: Json) -> None:
    for name in _WHO:
        item.get("spec", {}).pop(name, None)


def _update(new: Json, old: Json) -> None:
    if "spec" in old:
        new["spec"] = old["spec"]


def _status(new: Json, old: Json) -> None:
    """Decisions stay as they were made; where some come or go, the rules say so."""
    for kind in requests.DECISIONS:
        before, now = requests.of_type(old, kind), requests.of_type(new, kind)
        if len(before) == len(now):
            for mine, stored in zip(now, before, strict=True):
                mine.clear()
                mine.update(stored)


def _approval(new: Json, old: Json) -> None:
    """Only the conditions change."""
    conditions = requests.conditions(new)
    _update(new, old)
    new["status"] = {name: value for name, value in old.get("status", {}).items() if name != "conditions"}
    if conditions:
        new["status"]["conditions"] = conditions


def _request(at: rules.At) -> Iterator[field.Error]:
    try:
        csr.parse(at.value or "")
    except csr.Malformed as error:
        yield field.invalid(at.path, at.value, str(error))


def _usages(at: rules.At) -> Iterator[field.Error]:
    for usage in at.items():
        if usage.value not in csr.USAGES:
            yield field.unsupported(usage.path, usage.value, csr.USAGES)
    for index, usage in enumerate(at.value):
        if usage in at.value[:index]:
            yield field.duplicate(at.path.at(index), usage)


def _signer(at: rules.At) -> Iterator[field.Error]:
    if at.value == csr.LEGACY_UNKNOWN:
        yield field.invalid(at.path, at.value, "the legacy signerName is not allowed via this API version")
    else:
        yield from signers.signer_name(at)


# Nothing of the spec changes: what is asked about a new one holds for good. The status changes by its own paths only.
RULES = (
    rules.when_creating(
        rules.field(
            "spec",
            rules.field("request", rules.asks_nothing(_request)),
            rules.field("usages", rules.required(), _usages),
            rules.field("signerName", rules.required(), _signer),
            rules.field("expirationSeconds", requests.not_shorter_than(_SHORTEST)),
        ),
    ),
)
_STATUS = (requests.well_formed, requests.certificate, requests.none_removed)
STATUS_RULES = (*_STATUS, requests.decisions_stay, requests.certificate_set_once)
APPROVAL_RULES = _STATUS


def _condition(item: Json) -> str:
    kinds = {one.get("type") for one in requests.conditions(item)}
    shown = "Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"
    failed = ",Failed" if "Failed" in kinds else ""
    return shown + failed + (",Issued" if objects.dig(item, "status", "certificate") else "")


def _row(item: Json, now: datetime) -> Cells:
    spec = item.get("spec", {})
    seconds = spec.get("expirationSeconds")
    return (
        item["metadata"]["name"],
        cells.age(item["metadata"], now),
        spec.get("signerName") or "<none>",
        spec.get("username", ""),
        "<none>" if seconds is None else cells.duration(seconds),
        _condition(item),
    )


RECORD = Resource(
    "certificates.k8s.io",
    "v1",
    "certificatesigningrequests",
    "CertificateSigningRequest",
    namespaced=False,
    short_names=("csr",),
    columns=(NAME, AGE, Column("SignerName"), Column("Requestor"), Column("RequestedDuration"), Column("Condition")),
    row=_row,
    hooks=Hooks(create=_create, update=_update, status=_status),
    fields={"spec.signerName": lambda item: item["spec"].get("signerName", "")},
    rules=RULES,
    status_rules=STATUS_RULES,
    has_status=True,
    subresources=(Subresource("approval", UNCHANGED_STATUS, change=_approval, rules=APPROVAL_RULES),),
    name_rule=names.path_segment,
)
