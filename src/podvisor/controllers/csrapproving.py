"""Approves the requests of nodes for client certificates, where whoever asks may ask for them.

https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#approval-controller
"""

from collections.abc import Iterator

from podvisor.controllers.loop import Cluster, enqueue_itself
from podvisor.sdk import Key, WriteOptions, errors, kinds
from podvisor.sdk.objects.certificates import CertificateSigningRequest, RequestCondition
from podvisor.types import csr

_APPROVAL = WriteOptions(subresource="approval")
_MESSAGES = {
    "selfnodeclient": "Auto approving self kubelet client certificate after SubjectAccessReview.",
    "nodeclient": "Auto approving kubelet client certificate after SubjectAccessReview.",
}


def permissions(request: CertificateSigningRequest) -> Iterator[str]:
    """The subresources of requests of which `create`, for one of them, is enough to have this one approved."""
    if request.spec.signer_name != csr.KUBELET_CLIENT:
        return
    try:
        parsed = csr.parse(request.spec.request)
    except csr.Malformed:
        return
    if csr.objection(csr.KUBELET_CLIENT, parsed, request.spec.usages) is None:
        if request.spec.username == parsed.common_name:
            yield "selfnodeclient"
        yield "nodeclient"


class CertificateApprovals:
    """The loop over requests that nobody has decided about."""

    name = "certificatesigningrequest-approving-controller"

    def __init__(self, cluster: Cluster) -> None:
        self.queue = cluster.queue()
        self._client = cluster.client
        self._requests = cluster.informers.of(kinds.CERTIFICATESIGNINGREQUESTS)
        self._requests.on_change(enqueue_itself(self.queue))

    async def reconcile(self, key: Key) -> None:
        """Approve one request if that is to be done."""
        request = self._requests.cache.get(key)
        if request is None or request.status.certificate or any(map(request.condition, ("Approved", "Denied"))):
            return
        for subresource in permissions(request):
            if await self._may(request, subresource):
                await self._approve(key, request, _MESSAGES[subresource])
                return

    async def _may(self, request: CertificateSigningRequest, subresource: str) -> bool:
        spec = request.spec
        asked = {"group": "certificates.k8s.io", "version": "*", "resource": "certificatesigningrequests"}
        asked |= {"verb": "create", "subresource": subresource}
        who = {"user": spec.username, "groups": spec.groups, "uid": spec.uid, "extra": spec.extra}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
        review |= {"metadata": {}, "spec": who | {"resourceAttributes": asked}}
        answer = await self._client.create(kinds.SUBJECTACCESSREVIEWS, review)
        return answer.get("status", {}).get("allowed") is True

    async def _approve(self, key: Key, request: CertificateSigningRequest, message: str) -> None:
        approved = RequestCondition(type="Approved", status="True", reason="AutoApproved", message=message)
        changed = [*request.status.conditions, approved]
        metadata = {"resourceVersion": request.metadata.resource_version}
        body = {"metadata": metadata, "status": {"conditions": changed}}
        try:
            await self._client.patch(kinds.CERTIFICATESIGNINGREQUESTS, key, body, _APPROVAL)
        except errors.NotFound:
            return
