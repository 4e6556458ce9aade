"""Client certificates: the common name is the user, the organizations are the groups.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates
TLS has verified the certificate against the cluster's CA before it is read here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from podvisor.apiserver.access.users import User
from podvisor.base.http import Request


class ClientCertificates:
    """Authenticates by the certificate of the connection."""

    async def authenticate(self, request: Request) -> User | None:
        return user(request.peer.certificate) if request.peer.certificate else None


def user(certificate: Mapping[str, Any]) -> User | None:
    """The user that a certificate (as `ssl.SSLSocket.getpeercert` shows it) names; None without a common name."""
    subject: Sequence[Sequence[tuple[str, str]]] = certificate.get("subject", ())
    attributes = [pair for names in subject for pair in names]
    # The last, as Go's `pkix.Name` has it.
    name = next((value for key, value in reversed(attributes) if key == "commonName"), "")
    groups = tuple(value for key, value in attributes if key == "organizationName")
    return User(name, groups) if name else None
