"""Who asks for a certificate, and who may approve and sign requests for them.

The plugins CertificateApproval, CertificateSigning and CertificateSubjectRestriction, and what upstream's strategy of
CertificateSigningRequest does: https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/
"""

from podvisor.apiserver import cells, objects
from podvisor.apiserver.access import Attributes
from podvisor.apiserver.access.users import MASTERS
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.kinds.certificates import certificatesigningrequest as kind
from podvisor.apiserver.kinds.certificates import requests
from podvisor.types import csr, status

_GROUP = kind.RECORD.group


async def requester(change: Change, view: View) -> None:
    """Write into a new request who asks, whatever it says itself; and into conditions when they changed."""
    if change.resource is not kind.RECORD or change.new is None:
        return
    if change.operation == "CREATE":
        user = change.user
        who = {"username": user.name, "uid": user.uid, "groups": list(user.groups)}
        extra = {name: list(values) for name, values in user.extra.items()}
        found = {name: value for name, value in (who | {"extra": extra}).items() if value}
        given = {name: value for name, value in change.new.get("spec", {}).items() if name not in (*who, "extra")}
        change.new["spec"] = given | found
    elif change.subresource:
        _stamp(change, cells.timestamp(view.clock.now()))


def _stamp(change: Change, now: str) -> None:
    """Give conditions the times that they lack; one that was there keeps its own while its status stays."""
    for condition in requests.conditions(change.new or {}):
        before = requests.of_type(change.old or {}, condition.get("type", ""))
        same = (one.get("lastTransitionTime") for one in before if one.get("status") == condition.get("status"))
        condition["lastUpdateTime"] = condition.get("lastUpdateTime") or now
        condition["lastTransitionTime"] = condition.get("lastTransitionTime") or next(filter(None, same), now)


async def subject_restriction(change: Change, view: View) -> None:
    """Raises Forbidden for a request by which a client would become a member of `system:masters`."""
    if change.resource is not kind.RECORD or change.subresource or change.new is None:
        return
    spec = change.new["spec"]
    if spec.get("signerName") == csr.CLIENT and MASTERS in csr.parse(spec["request"]).organizations:
        raise _refused(change, f"use of {csr.CLIENT} signer with {MASTERS} group is not allowed")


async def approval(change: Change, view: View) -> None:
    """Raises Forbidden unless who decides may `approve` for the signer."""
    if change.resource is kind.RECORD and change.subresource == "approval":
        await _check(change, view, "approve")


async def signing(change: Change, view: View) -> None:
    """Raises Forbidden unless who brings a certificate or condition may `sign` for the signer."""
    if change.resource is not kind.RECORD or change.subresource != "status":
        return
    fields = ("certificate", "conditions")
    if any(objects.dig(change.new, "status", one) != objects.dig(change.old, "status", one) for one in fields):
        await _check(change, view, "sign")


async def _check(change: Change, view: View, verb: str) -> None:
    """The signer of the stored request counts; who may for `example.com/*` may for each of that domain."""
    signer = objects.dig(change.old, "spec", "signerName") or ""
    for name in (signer, f"{signer.partition('/')[0]}/*"):
        asked = Attributes(verb, _GROUP, "*", "signers", name=name)
        if (await view.authorizer.authorize(change.user, asked)).allowed:
            return
    raise _refused(change, f'user not permitted to {verb} requests with signerName "{signer}"')


def _refused(change: Change, why: str) -> status.Forbidden:
    return status.Forbidden(why, change.resource.subject(change.name))
