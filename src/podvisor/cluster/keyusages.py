"""The usages that a CertificateSigningRequest names, as extensions of X.509 (RFC 5280 4.2.1.3, 4.2.1.12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

_KEY: Mapping[str, str] = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
_EXTENDED: Mapping[str, str] = {
    "any": "2.5.29.37.0",
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3",
    "email protection": "1.3.6.1.5.5.7.3.4",
    "s/mime": "1.3.6.1.5.5.7.3.4",
    "ipsec end system": "1.3.6.1.5.5.7.3.5",
    "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
    "ipsec user": "1.3.6.1.5.5.7.3.7",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp signing": "1.3.6.1.5.5.7.3.9",
    "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
    "netscape sgc": "2.16.840.1.113730.4.1",
}


def extensions(usages: Sequence[str]) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """The extensions that say this, each with whether it is critical. Raises ValueError for a usage that is unknown."""
    from cryptography import x509

    if unknown := [one for one in usages if one not in _KEY and one not in _EXTENDED]:
        raise ValueError(f"unrecognized usage values: {unknown}")
    key = {_KEY[one] for one in usages if one in _KEY}
    # These two say something only of the agreement of keys.
    narrow = {"encipher_only", "decipher_only"}
    if "key_agreement" not in key:
        key -= narrow
    if key:
        yield x509.KeyUsage(**{name: name in key for name in sorted(set(_KEY.values()))}), True
    extended = sorted({_EXTENDED[one] for one in usages if one in _EXTENDED})
    if extended:
        yield x509.ExtendedKeyUsage([x509.ObjectIdentifier(one) for one in extended]), False
