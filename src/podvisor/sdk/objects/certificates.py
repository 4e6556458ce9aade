"""Views of certificates.k8s.io/v1 kinds."""

from datetime import datetime

from msgspec import field

from podvisor.sdk.objects.meta import Object, View


class CertificateSigningRequestSpec(View):
    """Who asks whom for what; `request` is PEM in base64."""

    request: str = ""
    signer_name: str = ""
    usages: list[str] = field(default_factory=list[str])
    expiration_seconds: int | None = None
    username: str = ""
    uid: str = ""
    groups: list[str] = field(default_factory=list[str])
    extra: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


class RequestCondition(View):
    """Approved, Denied, Failed, or what others say."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_update_time: datetime | None = None
    last_transition_time: datetime | None = None


class CertificateSigningRequestStatus(View):
    """What was decided, and the certificate, PEM in base64."""

    certificate: str = ""
    conditions: list[RequestCondition] = field(default_factory=list[RequestCondition])


class CertificateSigningRequest(Object):
    """Somebody asks for a certificate."""

    spec: CertificateSigningRequestSpec = field(default_factory=CertificateSigningRequestSpec)
    status: CertificateSigningRequestStatus = field(default_factory=CertificateSigningRequestStatus)

    def condition(self, kind: str) -> RequestCondition | None:
        """The condition of a type, while it is True."""
        return next((one for one in self.status.conditions if one.type == kind and one.status == "True"), None)
