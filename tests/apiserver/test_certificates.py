"""From a request for a certificate to the certificate, and who may do what on the way."""

import asyncio
import base64
import ssl
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from apiserver.authority import Authority
from apiserver.conftest import Api, Kubectl, Reply, serving
from podvisor import controllers, sdk
from podvisor.apiserver import Api as Server
from podvisor.apiserver import Settings, access, app
from podvisor.apiserver.access.rbac import Rbac
from podvisor.base import tasks
from podvisor.base.clock import SystemClock
from podvisor.cluster import certificates
from podvisor.cluster.authorization import authorizer
from podvisor.controllers import csrcleaner
from podvisor.sdk import codec
from podvisor.sdk.objects.certificates import CertificateSigningRequest
from podvisor.store.backend import Backend
from podvisor.types import csr

REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
MANAGER = access.User("system:kube-controller-manager")
NODE = ("system:node:n1", ["system:nodes"])
KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
async def address(ca: Authority, tmp_path: Path, store: Backend) -> AsyncGenerator[str]:
    """A server whose controllers approve, sign and clean."""
    rbac, clock = Rbac(store), SystemClock()
    allowed = access.Access([access.ClientCertificates()], authorizer(store, rbac))
    server = Server(Settings(), store, allowed, clock)
    settings = controllers.Settings(sign=partial(certificates.sign, ca.pair()))
    client = sdk.Client(sdk.InProcess(server, MANAGER))
    loops = ("csrapproving", "csrsigning", "csrcleaner")
    async with tasks.background() as scope:
        scope.start(rbac.run())
        async with serving(app(server), ca, tmp_path) as port, tasks.background() as inner:
            inner.start(controllers.run(client, settings, clock, only=loops))
            yield f"https://127.0.0.1:{port}"


@pytest.fixture
async def visitor(address: str, ca: Authority, tmp_path: Path) -> AsyncGenerator[Api]:
    """A client of whom only tests say what he may."""
    context = ca.client_context(tmp_path, "visitor", "visitors")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield Api(session, address)


def pem(name: str = "jane", groups: Sequence[str] = (), *extensions: x509.ExtensionType, second: str = "") -> str:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, one) for one in (name, second) if one]
    attributes += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    builder = x509.CertificateSigningRequestBuilder(x509.Name(attributes))
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return base64.b64encode(builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)).decode()


def request(encoded: str, signer: str = csr.CLIENT, *usages: str, name: str = "r", **spec: Any) -> dict[str, Any]:
    spec |= {"request": encoded, "signerName": signer, "usages": list(usages or ("client auth", "digital signature"))}
    return {"metadata": {"name": name}, "spec": spec}


def condition(kind: str) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": kind, "status": "True", "reason": "Test", "message": "so"}]}}


async def decide(api: Api, kind: str = "Approved", name: str = "r") -> Reply:
    return await api.patch(f"{REQUESTS}/{name}/approval", condition(kind))


async def until(api: Api, holds: Callable[[dict[str, Any]], Any], name: str = "r") -> dict[str, Any]:
    """The status of a request once it is so."""
    async with asyncio.timeout(60):
        while not holds(status := (await api.get(f"{REQUESTS}/{name}")).body["status"]):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return status


async def issued(api: Api) -> x509.Certificate:
    status = await until(api, lambda status: "certificate" in status)
    return x509.load_pem_x509_certificate(base64.b64decode(status["certificate"]))


async def test_who_was_approved_is_somebody(api: Api, address: str, ca: Authority, tmp_path: Path) -> None:
    assert (await api.post(REQUESTS, request(pem("jane", ["people"])))).code == 201
    assert (await decide(api)).code == 200
    certificate = await issued(api)
    (tmp_path / "jane.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
    (tmp_path / "jane.key").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(cadata=ca.pem)
    context.load_cert_chain(tmp_path / "jane.crt", tmp_path / "jane.key")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        me = await Api(session, address).post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert me.body["status"]["userInfo"] == {"username": "jane", "groups": ["people", "system:authenticated"]}


async def test_a_certificate_says_what_was_asked_for_and_no_more(api: Api) -> None:
    names = x509.SubjectAlternativeName([x509.DNSName("jane.example")])
    encoded = pem("jane", ["people"], x509.BasicConstraints(ca=True, path_length=3), names)
    await api.post(REQUESTS, request(encoded, expirationSeconds=3600))
    await decide(api)
    certificate = await issued(api)
    found = certificate.extensions
    usage = found.get_extension_for_class(x509.KeyUsage).value
    extended = found.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert found.get_extension_for_class(x509.BasicConstraints).value == x509.BasicConstraints(False, None)
    assert found.get_extension_for_class(x509.SubjectAlternativeName).value == names
    assert list(extended) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert (usage.digital_signature, usage.key_cert_sign, len(found)) == (True, False, 5)
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(seconds=3900)


async def test_nobody_asks_in_anothers_name(api: Api, visitor: Api) -> None:
    await allow(api, "create", "certificatesigningrequests")
    forged = {"username": "system:node:n1", "groups": ["system:nodes"], "uid": "7", "extra": {"a": ["b"]}}
    made = await visitor.post(REQUESTS, request(pem(*NODE), csr.KUBELET_CLIENT, **forged) | condition("Approved"))
    assert made.code == 201
    spec = made.body["spec"]
    assert (spec["username"], spec["groups"]) == ("visitor", ["visitors", "system:authenticated"])
    assert not {"uid", "extra"} & set(spec)
    assert made.body["status"] == {}
    changed = await api.patch(f"{REQUESTS}/r", {"spec": {"username": "admin", "usages": ["any"]}})
    assert (changed.code, changed.body["spec"]) == (200, spec)


async def test_one_may_not_sign_oneself_into_the_masters(api: Api) -> None:
    refused = await api.post(REQUESTS, request(pem("jane", ["people", "system:masters"])))
    assert (refused.code, refused.message) == (
        403,
        'certificatesigningrequests.certificates.k8s.io "r" is forbidden: '
        "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed",
    )


async def test_a_subject_with_two_names_is_refused(api: Api) -> None:
    encoded = pem("system:kube-controller-manager", ["system:nodes"], second="system:node:n1")
    refused = await api.post(REQUESTS, request(encoded, csr.KUBELET_CLIENT))
    assert (refused.code, "the subject has more than one common name" in refused.message) == (422, True)


async def test_a_decision_is_final_and_a_certificate_stays(api: Api) -> None:
    await api.post(REQUESTS, request(pem()))
    assert (await decide(api, "Denied")).code == 200
    both = await decide(api)
    assert (both.code, 'may not remove a condition of type "Denied"' in both.message) == (422, True)
    await api.post(REQUESTS, request(pem(), name="s"))
    await decide(api, name="s")
    await until(api, lambda status: "certificate" in status, "s")
    changed = await api.patch(f"{REQUESTS}/s/status", {"status": {"certificate": ""}})
    assert (changed.code, "may not modify existing certificate content" in changed.message) == (422, True)
    assert "certificate" not in (await api.get(f"{REQUESTS}/r")).body["status"]


async def test_only_approval_approves_and_it_does_nothing_else(api: Api) -> None:
    await api.post(REQUESTS, request(pem()))
    by_status = await api.patch(f"{REQUESTS}/r/status", condition("Approved"))
    assert (by_status.code, 'may not add a condition of type "Approved"' in by_status.message) == (422, True)
    await api.patch(f"{REQUESTS}/r", condition("Approved"))
    assert (await api.get(f"{REQUESTS}/r")).body["status"] == {}
    more = {"spec": {"signerName": csr.KUBELET_CLIENT}, "status": {"certificate": "aGVsbG8=", "conditions": []}}
    changed = (await api.patch(f"{REQUESTS}/r/approval", more)).body
    assert (changed["spec"]["signerName"], changed["status"]) == (csr.CLIENT, {})
    found = (await decide(api)).body["status"]["conditions"][0]
    assert found["lastUpdateTime"] == found["lastTransitionTime"] != ""


SAME = ["client auth", "digital signature"]


@pytest.mark.parametrize(
    ("encoded", "signer", "usages", "why"),
    [
        (pem(), csr.CLIENT, ["server auth"], "invalid usage for client certificate: server auth"),
        (pem(), csr.CLIENT, ["digital signature"], "missing required usage for client certificate: client auth"),
        (
            pem("jane", ["system:nodes"]),
            csr.KUBELET_CLIENT,
            SAME,
            "subject common name does not begin with system:node:",
        ),
        (pem("system:node:n1"), csr.KUBELET_CLIENT, SAME, "subject organization is not system:nodes"),
        (
            pem("system:node:n1", ["system:nodes", "system:masters"]),
            csr.KUBELET_CLIENT,
            SAME,
            "subject organization is not system:nodes",
        ),
        (
            pem(*NODE, x509.SubjectAlternativeName([x509.DNSName("n1")])),
            csr.KUBELET_CLIENT,
            SAME,
            "DNS subjectAltNames are not allowed",
        ),
        (pem(*NODE), csr.KUBELET_SERVING, ["server auth"], "DNS or IP subjectAltName is required"),
        (
            pem(*NODE, x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])),
            csr.KUBELET_SERVING,
            SAME,
            "usages did not match [digital signature key encipherment server auth]",
        ),
    ],
    ids=range(8),
)
def test_signers_have_upstreams_objections(encoded: str, signer: str, usages: list[str], why: str) -> None:
    assert csr.objection(signer, csr.parse(encoded), usages) == why


async def test_what_a_signer_does_not_sign_has_failed(api: Api) -> None:
    await api.post(REQUESTS, request(pem(), csr.CLIENT, "server auth"))
    await decide(api)
    status = await until(api, lambda status: len(status["conditions"]) == 2)
    failed = status["conditions"][1]
    assert (failed["type"], failed["reason"]) == ("Failed", "SignerValidationFailure")
    assert failed["message"] == "invalid usage for client certificate: server auth"
    assert "certificate" not in status


async def test_nodes_are_approved_where_whoever_asks_may_ask(api: Api, visitor: Api) -> None:
    await allow(api, "create", "certificatesigningrequests", "certificatesigningrequests/nodeclient")
    await visitor.post(REQUESTS, request(pem(*NODE), csr.KUBELET_CLIENT))
    status = await until(api, lambda status: "certificate" in status)
    assert status["conditions"][0]["message"] == "Auto approving kubelet client certificate after SubjectAccessReview."
    await visitor.post(REQUESTS, request(pem(), name="plain"))
    await visitor.post(REQUESTS, request(pem("system:node:n1"), csr.KUBELET_CLIENT, name="wrong"))
    await visitor.post(REQUESTS, request(pem(*NODE), csr.KUBELET_CLIENT, name="last"))
    await until(api, lambda status: "certificate" in status, "last")
    for name in ("plain", "wrong"):
        assert (await api.get(f"{REQUESTS}/{name}")).body["status"] == {}


async def test_nodes_are_not_approved_for_just_anybody(api: Api, visitor: Api) -> None:
    await allow(api, "create", "certificatesigningrequests", "certificatesigningrequests/selfnodeclient")
    await visitor.post(REQUESTS, request(pem(*NODE), csr.KUBELET_CLIENT))
    await visitor.post(REQUESTS, request(pem("visitor", ["system:nodes"]), csr.KUBELET_CLIENT, name="own"))
    await api.post(REQUESTS, request(pem(*NODE), csr.KUBELET_CLIENT, name="masters"))
    await until(api, lambda status: "certificate" in status, "masters")
    for name in ("r", "own"):
        assert (await api.get(f"{REQUESTS}/{name}")).body["status"] == {}


@pytest.mark.parametrize(("verb", "path"), [("approve", "approval"), ("sign", "status")])
async def test_each_signer_is_a_right_of_its_own(api: Api, visitor: Api, verb: str, path: str) -> None:
    await api.post(REQUESTS, request(pem(), "example.com/mine", "any"))
    await api.post(REQUESTS, request(pem(), name="other"))
    await allow(api, "patch", f"certificatesigningrequests/{path}")
    change = condition("Approved" if verb == "approve" else "Failed")
    refused = await visitor.patch(f"{REQUESTS}/r/{path}", change)
    assert (refused.code, refused.message) == (
        403,
        'certificatesigningrequests.certificates.k8s.io "r" is forbidden: '
        f'user not permitted to {verb} requests with signerName "example.com/mine"',
    )
    await allow(api, verb, "signers", names=["example.com/*"])
    stolen = change | {"spec": {"signerName": "example.com/mine"}}
    assert (await visitor.patch(f"{REQUESTS}/other/{path}", stolen)).code == 403
    assert (await visitor.patch(f"{REQUESTS}/r/{path}", change)).code == 200


async def test_kubectl_approves_and_denies(api: Api, kubectl: Kubectl) -> None:
    for name in ("r", "s"):
        await api.post(REQUESTS, request(pem(), name=name, expirationSeconds=3600))
    approved = await kubectl("certificate", "approve", "r")
    assert approved == "certificatesigningrequest.certificates.k8s.io/r approved\n"
    assert await kubectl("certificate", "deny", "s") == "certificatesigningrequest.certificates.k8s.io/s denied\n"
    await issued(api)
    rows = [line.split() for line in (await kubectl("get", "csr")).splitlines()]
    assert rows[0] == ["NAME", "AGE", "SIGNERNAME", "REQUESTOR", "REQUESTEDDURATION", "CONDITION"]
    assert [row[2:] for row in rows[1:]] == [
        [csr.CLIENT, "admin", "60m", "Approved,Issued"],
        [csr.CLIENT, "admin", "60m", "Denied"],
    ]
    selected = await kubectl("get", "csr", "--field-selector", f"spec.signerName={csr.CLIENT}", "-o", "name")
    assert len(selected.splitlines()) == 2


LATER = "2026-01-01T05:00:00Z"


@pytest.mark.parametrize(
    ("status", "hours"),
    [
        ({}, 24),
        ({"conditions": [{"type": "Denied", "status": "True", "lastUpdateTime": LATER}]}, 6),
        ({"conditions": [{"type": "Failed", "status": "True", "lastUpdateTime": LATER}]}, 6),
        ({"conditions": [{"type": "Approved", "status": "True", "lastUpdateTime": LATER}]}, None),
        ({"certificate": "eA==", "conditions": [{"type": "Approved", "lastUpdateTime": LATER}]}, 6),
    ],
    ids=str,
)
def test_requests_go_when_nobody_needs_them(status: dict[str, Any], hours: int | None) -> None:
    metadata = {"name": "r", "creationTimestamp": "2026-01-01T00:00:00Z"}
    found = codec.decode(codec.encode({"metadata": metadata, "status": status}), CertificateSigningRequest)
    came = datetime(2026, 1, 1, tzinfo=UTC)
    assert csrcleaner.ends(found) == (None if hours is None else came + timedelta(hours=hours))


async def allow(api: Api, verb: str, *resources: str, names: Sequence[str] = ()) -> None:
    """Give all visitors something of this group."""
    rule = {"verbs": [verb], "apiGroups": ["certificates.k8s.io"], "resources": list(resources)}
    rule |= {"resourceNames": list(names)} if names else {}
    name = f"{verb}-{resources[0].replace('/', '-')}"
    assert (await api.post(f"{RBAC}/clusterroles", {"metadata": {"name": name}, "rules": [rule]})).code == 201
    ref = {"kind": "ClusterRole", "name": name, "apiGroup": "rbac.authorization.k8s.io"}
    subjects = [{"kind": "Group", "name": "visitors", "apiGroup": "rbac.authorization.k8s.io"}]
    binding = {"metadata": {"name": name}, "roleRef": ref, "subjects": subjects}
    assert (await api.post(f"{RBAC}/clusterrolebindings", binding)).code == 201
