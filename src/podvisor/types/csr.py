"""What a certificate signing request says (PKCS #10), and what Kubernetes' own signers make of it.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers . The words are
those of `pkg/apis/certificates/helpers.go` and `pkg/controller/certificates/signer`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cryptography import x509

CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING = "kubernetes.io/kubelet-serving"
LEGACY_UNKNOWN = "kubernetes.io/legacy-unknown"

USAGES = (
    *("signing", "digital signature", "content commitment", "key encipherment", "key agreement", "data encipherment"),
    *("cert sign", "crl sign", "encipher only", "decipher only", "any", "server auth", "client auth", "code signing"),
    *("email protection", "s/mime", "ipsec end system", "ipsec tunnel", "ipsec user", "timestamping", "ocsp signing"),
    *("microsoft sgc", "netscape sgc"),
)
"""Every usage that a request may name."""

_NODES, _NODE = "system:nodes", "system:node:"
_BLOCK = re.compile(r"-----BEGIN ([^\n-]+)-----\r?\n(.*?)-----END \1-----", re.DOTALL)

Kind = Literal["DNS", "Email", "IP", "URI"]


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A request whose signature is good."""

    parsed: x509.CertificateSigningRequest
    common_name: str
    organizations: Sequence[str]
    names: Mapping[Kind, Sequence[str]] = field(default_factory=dict[Kind, Sequence[str]])
    """The alternative names of the subject, by their kind."""


class Malformed(ValueError):
    """No request, or one whose signature is wrong; the text says what."""


def blocks(pem: bytes) -> list[tuple[str, str]]:
    """The blocks of a PEM text (RFC 7468), each with its label and what is between its lines."""
    return [(found[1], found[2]) for found in _BLOCK.finditer(pem.decode("latin-1"))]


def parse(encoded: str) -> SigningRequest:
    """The request in `spec.request`: PEM, in base64 as JSON has it. Raises Malformed."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        found = blocks(base64.b64decode(encoded))
        if not found or found[0][0] != "CERTIFICATE REQUEST":
            raise Malformed("PEM block type must be CERTIFICATE REQUEST")
        request = x509.load_der_x509_csr(base64.b64decode(found[0][1]))
        if not request.is_signature_valid:
            raise Malformed("x509: the signature of the request is not that of its key")
        return _read(request)
    except Malformed:
        raise
    except (ValueError, TypeError, UnsupportedAlgorithm, binascii.Error) as error:
        raise Malformed(f"x509: malformed certificate request: {error}") from error


def _read(request: x509.CertificateSigningRequest) -> SigningRequest:
    from cryptography.x509.oid import NameOID

    common = [str(one.value) for one in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    # Readers of certificates do not agree on which of several names counts.
    if len(common) > 1:
        raise Malformed("the subject has more than one common name")
    organizations = [str(one.value) for one in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return SigningRequest(request, "".join(common), organizations, _alternatives(request))


def _alternatives(request: x509.CertificateSigningRequest) -> Mapping[Kind, Sequence[str]]:
    from cryptography import x509

    try:
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return {}
    return {
        "DNS": found.get_values_for_type(x509.DNSName),
        "Email": found.get_values_for_type(x509.RFC822Name),
        "IP": [str(address) for address in found.get_values_for_type(x509.IPAddress)],
        "URI": found.get_values_for_type(x509.UniformResourceIdentifier),
    }


def objection(signer: str, request: SigningRequest, usages: Sequence[str]) -> str | None:
    """Why one of Kubernetes' own signers does not sign this; None if it does. KeyError for another signer."""
    return SIGNERS[signer](request, usages)


def _client(_: SigningRequest, usages: Sequence[str]) -> str | None:
    for usage in usages:
        if usage not in ("digital signature", "key encipherment", "client auth"):
            return f"invalid usage for client certificate: {usage}"
    return None if "client auth" in usages else "missing required usage for client certificate: client auth"


def _kubelet_client(request: SigningRequest, usages: Sequence[str]) -> str | None:
    if list(request.organizations) != [_NODES]:
        return f"subject organization is not {_NODES}"
    if wrong := _named(request, ("DNS", "Email", "IP", "URI")):
        return wrong
    if not request.common_name.startswith(_NODE):
        return f"subject common name does not begin with {_NODE}"
    return _only(usages, "client auth")


def _kubelet_serving(request: SigningRequest, usages: Sequence[str]) -> str | None:
    if list(request.organizations) != [_NODES]:
        return f"subject organization is not {_NODES}"
    if not request.names.get("DNS") and not request.names.get("IP"):
        return "DNS or IP subjectAltName is required"
    if wrong := _named(request, ("Email", "URI")):
        return wrong
    if wrong := _only(usages, "server auth"):
        return wrong
    return None if request.common_name.startswith(_NODE) else f"subject common name does not begin with {_NODE}"


def _anything(_: SigningRequest, __: Sequence[str]) -> str | None:
    return None


def _named(request: SigningRequest, kinds: Iterable[Kind]) -> str | None:
    return next((f"{kind} subjectAltNames are not allowed" for kind in kinds if request.names.get(kind)), None)


def _only(usages: Sequence[str], purpose: str) -> str | None:
    known = {"digital signature", purpose}
    if set(usages) in (known, known | {"key encipherment"}):
        return None
    return f"usages did not match [{' '.join(sorted(known | {'key encipherment'}))}]"


SIGNERS: Mapping[str, Callable[[SigningRequest, Sequence[str]], str | None]] = {
    CLIENT: _client,
    KUBELET_CLIENT: _kubelet_client,
    KUBELET_SERVING: _kubelet_serving,
    LEGACY_UNKNOWN: _anything,
}
"""Each of Kubernetes' own signers, and what it objects to."""
