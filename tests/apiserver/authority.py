"""A certificate authority for tests."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from podvisor.cluster.certificates import Pair

Key = ec.EllipticCurvePrivateKey


class Authority:
    """Signs a server's and an administrator's certificate."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test-ca")])
        self._certificate = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=None))
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def pair(self) -> Pair:
        """The certificate with its key."""
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return Pair(self.pem.encode(), self._key.private_bytes(encoding, form, serialization.NoEncryption()))

    def server_context(self, directory: Path) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server_files(directory))
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=self.pem)
        return context

    def server_files(self, directory: Path) -> tuple[Path, Path]:
        """A certificate for 127.0.0.1, and its key."""
        addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        return self._issue(directory, "server", "server", addresses)

    def client_files(self, directory: Path, user: str) -> tuple[Path, Path]:
        """A user's certificate, and its key."""
        return self._issue(directory, user, user, None)

    def client_context(self, directory: Path, user: str = "admin", group: str = "system:masters") -> ssl.SSLContext:
        context = ssl.create_default_context(cadata=self.pem)
        context.load_cert_chain(*self._issue(directory, user, user, None, group))
        return context

    def kubeconfig(self, directory: Path, address: str) -> Path:
        certificate, key = self._issue(directory, "kubectl", "admin", None, "system:masters")
        (directory / "ca.crt").write_text(self.pem)
        cluster = {"server": address, "certificate-authority": str(directory / "ca.crt")}
        user = {"client-certificate": str(certificate), "client-key": str(key)}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "admin", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
            "current-context": "test",
        }
        path = directory / "kubeconfig"
        path.write_bytes(orjson.dumps(content))
        return path

    def _issue(
        self, directory: Path, file: str, user: str, extension: x509.ExtensionType | None, group: str = ""
    ) -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
        attributes += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
        certificate = self._sign(x509.Name(attributes), key, extension)
        paths = directory / f"{file}.crt", directory / f"{file}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        paths[1].write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
        return paths

    def _sign(self, name: x509.Name, key: Key, extension: x509.ExtensionType | None) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        if extension:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self._key, hashes.SHA256())
