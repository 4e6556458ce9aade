"""Signs what was approved, for Kubernetes' own signers.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers
"""

import base64
from datetime import timedelta

from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import STATUS, Key, errors, kinds
from podvisor.sdk.objects.certificates import CertificateSigningRequest, RequestCondition
from podvisor.types import csr

_SHORTEST = timedelta(minutes=10)


def life(asked: int | None, longest: timedelta) -> timedelta:
    """How long a certificate holds for which somebody asked for so many seconds."""
    return longest if asked is None else min(max(timedelta(seconds=asked), _SHORTEST), longest)


class CertificateSigning:
    """The loop over requests that are approved."""

    name = "certificatesigningrequest-signing-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._client = cluster.client
        self._clock = cluster.clock
        self._sign = cluster.settings.sign
        self._longest = timedelta(seconds=cluster.settings.certificate_seconds)
        self._requests = cluster.informers.of(kinds.CERTIFICATESIGNINGREQUESTS)
        self._requests.on_change(enqueue_itself(self.queue))

    async def reconcile(self, key: Key) -> None:
        """Sign one request, or say why that cannot be done."""
        request = self._requests.cache.get(key)
        if self._sign is None or request is None or not _is_due(request):
            return
        try:
            parsed = csr.parse(request.spec.request)
            wrong = csr.objection(request.spec.signer_name, parsed, request.spec.usages)
        except csr.Malformed as error:
            await self._fail(key, request, str(error))
            return
        if wrong is not None:
            await self._fail(key, request, wrong)
            return
        holds = life(request.spec.expiration_seconds, self._longest)
        signed = self._sign(parsed, request.spec.usages, holds, self._clock.now())
        await self._write(key, request, {"certificate": base64.b64encode(signed).decode()})

    async def _fail(self, key: Key, request: CertificateSigningRequest, why: str) -> None:
        failed = RequestCondition(type="Failed", status="True", reason="SignerValidationFailure", message=why)
        await self._write(key, request, {"conditions": [*request.status.conditions, failed]})

    async def _write(self, key: Key, request: CertificateSigningRequest, status: object) -> None:
        body = {"metadata": {"resourceVersion": request.metadata.resource_version}, "status": status}
        try:
            await self._client.patch(kinds.CERTIFICATESIGNINGREQUESTS, key, body, STATUS)
        except errors.NotFound:
            return


def _is_due(request: CertificateSigningRequest) -> bool:
    """True if it waits for one of the signers here."""
    is_decided = request.condition("Approved") and not request.condition("Denied") and not request.condition("Failed")
    return bool(is_decided) and not request.status.certificate and request.spec.signer_name in csr.SIGNERS
