"""A client of a cluster that has no right to anything: requests with whatever credentials it made up."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

SECONDS = 30
"""How long a stranger waits for an answer."""
REFUSED = 0
"""The status of a request whose connection was refused."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Who reaches a cluster's port, and has its public certificate."""

    url: str
    authority: Path
    certificate: tuple[Path, Path] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority)
        if self.certificate:
            context.load_cert_chain(*self.certificate)
        return context

    def status(self, path: str, method: str = "GET", body: bytes | None = None) -> int:
        """The status of the answer; `REFUSED` where there is none."""
        return self.answer(path, method, body)[0]

    def answer(self, path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
        """The status and the body of the answer; `REFUSED` where there is none."""
        at = urlsplit(self.url)
        connection = HTTPSConnection(at.hostname or "", at.port, timeout=SECONDS, context=self.context())
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in {**self.headers, "Content-Length": str(len(body or b""))}.items():
                connection.putheader(name, value.encode("latin-1"))
            connection.endheaders(body)
            response = connection.getresponse()
            return response.status, response.read()
        except (ssl.SSLError, ConnectionError):
            return REFUSED, b""
        finally:
            connection.close()


def forge(
    directory: Path, groups: str, issuer: tuple[Path, Path] | None = None, authority: bool = False
) -> tuple[Path, Path]:
    """A client certificate for a user of `groups`, signed by `issuer` or by itself: its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, groups), x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")]
    )
    signer, issued_by = key, subject
    if issuer:
        signer = load_pem_private_key(issuer[1].read_bytes(), None)
        issued_by = x509.load_pem_x509_certificate(issuer[0].read_bytes()).subject
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )
    files = directory / f"{certificate.serial_number}.crt", directory / f"{certificate.serial_number}.key"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files
