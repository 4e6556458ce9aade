"""The keys of ServiceAccount tokens: one signs, all verify, and everybody may know their public parts.

JSON Web Keys as https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery
publishes them: RSA and ECDSA keys, each with the one algorithm that fits it, under an id made of the public key.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

_CURVES = {"secp256r1": ("P-256", "ES256"), "secp384r1": ("P-384", "ES384"), "secp521r1": ("P-521", "ES512")}


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key, and how signatures of it are made."""

    public: PublicKeyTypes
    algorithm: str
    """The only one that is accepted with this key, whatever a token says of itself."""
    id: str

    def published(self) -> dict[str, Any]:
        """The key as a member of a JSON Web Key Set (RFC 7517, RFC 7518 6)."""
        return {"use": "sig", "kid": self.id, "alg": self.algorithm} | _numbers(self.public)


class TokenKeys:
    """A key that signs, and others whose tokens are still believed."""

    def __init__(self, signing: bytes, others: Sequence[bytes] = ()) -> None:
        """Keys in PEM: `signing` is private, of the others the public part is enough. Raises ValueError."""
        self.private = _private(signing)
        keys = [_verifying(self.private.public_key()), *(_verifying(_public(one)) for one in others)]
        self._keys: Mapping[str, VerifyingKey] = {key.id: key for key in keys}
        self.signing = keys[0]

    def candidates(self, id: str | None) -> Sequence[VerifyingKey]:
        """The keys that can have signed a token: the one of its `kid`, or any if it names none."""
        if not id:
            return tuple(self._keys.values())
        key = self._keys.get(id)
        return (key,) if key else ()

    def published(self) -> list[dict[str, Any]]:
        """The keys of the JSON Web Key Set."""
        return [key.published() for key in self._keys.values()]


def _verifying(public: PublicKeyTypes) -> VerifyingKey:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    encoded = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    id = base64.urlsafe_b64encode(hashlib.sha256(encoded).digest()).rstrip(b"=").decode()
    return VerifyingKey(public, _algorithm(public), id)


def _algorithm(public: PublicKeyTypes) -> str:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if isinstance(public, RSAPublicKey):
        return "RS256"
    if isinstance(public, EllipticCurvePublicKey) and public.curve.name in _CURVES:
        return _CURVES[public.curve.name][1]
    raise ValueError("a key for tokens must be RSA, or ECDSA on P-256, P-384 or P-521")


def _numbers(public: PublicKeyTypes) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    if isinstance(public, RSAPublicKey):
        numbers = public.public_numbers()
        return {"kty": "RSA", "n": _encoded(numbers.n), "e": _encoded(numbers.e)}
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

    assert isinstance(public, EllipticCurvePublicKey)
    point, length = public.public_numbers(), (public.key_size + 7) // 8
    curve = _CURVES[public.curve.name][0]
    return {"kty": "EC", "crv": curve, "x": _encoded(point.x, length), "y": _encoded(point.y, length)}


def _encoded(number: int, length: int = 0) -> str:
    octets = number.to_bytes(length or (number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _private(pem: bytes) -> PrivateKeyTypes:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(pem, None)


def _public(pem: bytes) -> PublicKeyTypes:
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    return _private(pem).public_key() if b"PRIVATE KEY" in pem else load_pem_public_key(pem)
