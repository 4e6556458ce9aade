"""Deletes requests for certificates that nobody needs any more.

https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#request-signing-process
"""

import base64
from collections.abc import Iterator
from datetime import datetime, timedelta

from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import DeleteOptions, Key, errors, kinds
from podvisor.sdk.objects.certificates import CertificateSigningRequest

_DECIDED, _PENDING = timedelta(hours=1), timedelta(hours=24)
_EVERY = timedelta(hours=1).total_seconds()


def ends(request: CertificateSigningRequest) -> datetime | None:
    """When a request may go: an hour after it was issued, denied or has failed, a day after it came."""
    found = list(_ends(request))
    return min(found) if found else None


def _ends(request: CertificateSigningRequest) -> Iterator[datetime]:
    created = request.metadata.creation_timestamp
    if not request.status.conditions and created is not None:
        yield created + _PENDING
    for condition in request.status.conditions:
        issued = request.status.certificate if condition.type == "Approved" else ""
        if (issued or condition.type in ("Denied", "Failed")) and condition.last_update_time is not None:
            yield condition.last_update_time + _DECIDED
        if issued and (end := _expiry(issued)):
            yield end


def _expiry(certificate: str) -> datetime | None:
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(base64.b64decode(certificate)).not_valid_after_utc
    except ValueError:
        return None


class CertificateCleaning:
    """The loop over requests, each at its end."""

    name = "certificatesigningrequest-cleaner-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._client = cluster.client
        self._clock = cluster.clock
        self._requests = cluster.informers.of(kinds.CERTIFICATESIGNINGREQUESTS)
        self._requests.on_change(enqueue_itself(self.queue))

    async def reconcile(self, key: Key) -> None:
        """Delete one request if its time has come, else come back then."""
        request = self._requests.cache.get(key)
        if request is None or (end := ends(request)) is None:
            return
        if (left := (end - self._clock.now()).total_seconds()) > 0:
            self.queue.add_after(key, min(left, _EVERY))
            return
        options = DeleteOptions(uid=request.metadata.uid, resource_version=request.metadata.resource_version)
        try:
            await self._client.delete(kinds.CERTIFICATESIGNINGREQUESTS, key, options)
        except errors.NotFound:
            return
