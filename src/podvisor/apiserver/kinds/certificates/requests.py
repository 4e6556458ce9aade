"""What holds for the conditions and the certificate of a CertificateSigningRequest, whoever changes them.

The rules and words are those of `pkg/apis/certificates/validation`.
"""

import base64
from collections.abc import Iterator

from podvisor.apiserver import objects
from podvisor.apiserver.resource import Json
from podvisor.types import csr, field, rules

DECISIONS = ("Approved", "Denied")
_FINAL = (*DECISIONS, "Failed")
"""Conditions that are True or not there."""
_CONDITIONS, _CERTIFICATE = field.Path("status.conditions"), field.Path("status.certificate")


def conditions(item: Json) -> list[Json]:
    """The conditions of a request."""
    return objects.dig(item, "status", "conditions") or []


def of_type(item: Json, kind: str) -> list[Json]:
    """Its conditions of one type."""
    return [one for one in conditions(item) if one.get("type") == kind]


def not_shorter_than(seconds: int) -> rules.Check:
    """A rule for a time that a certificate shall hold."""

    def objections(at: rules.At) -> Iterator[field.Error]:
        if at.value < seconds:
            detail = f"may not specify a duration less than {seconds} seconds ({seconds // 60} minutes)"
            yield field.invalid(at.path, at.value, detail)

    return rules.Check("not_shorter_than", objections)


def well_formed(at: rules.At) -> Iterator[field.Error]:
    """Conditions have a type, each another, and a status; nobody both approves and denies."""
    seen: list[str] = []
    for index, condition in enumerate(conditions(at.value)):
        here, kind = _CONDITIONS.at(index), condition.get("type", "")
        if not kind:
            yield field.required(here.child("type"))
        yield from _status(here.child("status"), kind, condition.get("status", ""))
        if kind in DECISIONS and any(one in seen for one in DECISIONS if one != kind):
            detail = "Approved and Denied conditions are mutually exclusive"
            yield field.invalid(here.child("type"), kind, detail)
        if kind in seen:
            yield field.duplicate(here.child("type"), kind)
        seen.append(kind)


def _status(path: field.Path, kind: str, status: str) -> Iterator[field.Error]:
    known = ("True",) if kind in _FINAL else ("True", "False", "Unknown")
    if not status:
        yield field.required(path)
    elif status not in known:
        yield field.unsupported(path, status, known)


def certificate(at: rules.At) -> Iterator[field.Error]:
    """A certificate that is new is PEM, and nothing but certificates."""
    issued = at.get("status", "certificate") or ""
    if issued and issued != _certificate_before(at) and (why := _not_pem(issued)):
        yield field.Error(_CERTIFICATE, "FieldValueInvalid", f'Invalid value: "<certificate data>": {why}')


def _not_pem(issued: str) -> str | None:
    from cryptography import x509

    found = csr.blocks(base64.b64decode(issued))
    if not found:
        return "must contain at least one CERTIFICATE PEM block"
    for label, content in found:
        if label != "CERTIFICATE":
            return f'only CERTIFICATE PEM blocks are allowed, found "{label}"'
        if ":" in content:
            return "no PEM block headers are permitted"
        try:
            x509.load_der_x509_certificate(base64.b64decode(content))
        except ValueError:
            return "x509: malformed certificate"
    return None


def none_removed(at: rules.At) -> Iterator[field.Error]:
    """What is decided or has failed stays so."""
    for kind in _FINAL:
        if at.updating and len(of_type(at.value, kind)) < len(of_type(at.old, kind)):
            yield field.forbidden(_CONDITIONS, f'updates may not remove a condition of type "{kind}"')


def decisions_stay(at: rules.At) -> Iterator[field.Error]:
    """Only `/approval` decides."""
    if not at.updating:
        return
    for kind in DECISIONS:
        new, old = of_type(at.value, kind), of_type(at.old, kind)
        if len(new) > len(old):
            yield field.forbidden(_CONDITIONS, f'updates may not add a condition of type "{kind}"')
        elif len(new) == len(old) and new != old:
            yield field.forbidden(_CONDITIONS, f'updates may not modify a condition of type "{kind}"')


def certificate_set_once(at: rules.At) -> Iterator[field.Error]:
    """A certificate that is there is no longer changed."""
    before = _certificate_before(at)
    if at.updating and before and (at.get("status", "certificate") or "") != before:
        yield field.forbidden(_CERTIFICATE, "updates may not modify existing certificate content")


def _certificate_before(at: rules.At) -> str:
    return objects.dig(at.old or {}, "status", "certificate") or ""
