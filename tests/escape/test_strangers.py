"""Clients without a right: whatever they present and however they ask, a cluster gives them nothing and goes on."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest

from escape.stranger import REFUSED, Stranger, forge
from harness.cluster import api, command, detach
from podvisor.sdk import kubeconfig

SECRETS = "/api/v1/namespaces/kube-system/secrets"
ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The data directory of a cluster that strangers can reach."""
    path = tmp_path_factory.mktemp("cluster") / "data"
    detach(path)
    yield path
    command("down", "--data-dir", path)


@pytest.fixture(scope="module")
def stranger(data: Path) -> Stranger:
    return Stranger(kubeconfig.load([data / "admin.kubeconfig"]).access.server, data / "pki" / "ca.crt")


@pytest.fixture(autouse=True)
def goes_on(stranger: Stranger) -> Generator[None]:
    """Afterwards the cluster is well, and holds no line of its own errors."""
    yield
    assert stranger.status("/readyz") == 200


def bearer(stranger: Stranger, token: str) -> Stranger:
    return replace(stranger, headers={"Authorization": f"Bearer {token}"})


PATHS = [
    "/api", "/apis", "/api/v1", "/openapi/v2", "/openapi/v3", "/metrics", "/logs", "/debug/pprof", "/api/v1/nodes",
    "/api/v1/namespaces", SECRETS, "/api/v1/pods?watch=true", "/apis/apps/v1/deployments", ACCOUNT,
    "/api/v1/namespaces/default/pods/x/log", "/api/v1/namespaces/default/pods/x/exec?command=id", "/", "/configz",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_without_credentials_nothing_is_shown(stranger: Stranger, path: str):
    assert stranger.status(path) in (401, 403, 404)
    assert stranger.status(path, "POST", b"{}") in (401, 403, 404)


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/version"])
def test_health_is_for_everybody(stranger: Stranger, path: str):
    assert stranger.status(path) == 200


@pytest.mark.parametrize("signed_by", ["itself", "an_authority_of_the_same_name", "the_administrator", "the_server"])
def test_certificates_of_ones_own_are_refused(stranger: Stranger, data: Path, tmp_path: Path, signed_by: str):
    access = kubeconfig.load([data / "admin.kubeconfig"]).access
    (tmp_path / "admin.crt").write_bytes(access.certificate or b"")
    (tmp_path / "admin.key").write_bytes(access.key or b"")
    issuers = {
        "itself": None,
        "an_authority_of_the_same_name": forge(tmp_path, "x", authority=True),
        "the_administrator": (tmp_path / "admin.crt", tmp_path / "admin.key"),
        "the_server": (data / "pki" / "apiserver.crt", data / "pki" / "apiserver.key"),
    }
    forged = replace(stranger, certificate=forge(tmp_path, "system:masters", issuers[signed_by]))
    assert forged.status(SECRETS) in (REFUSED, 401)


@pytest.mark.parametrize("name", ["apiserver", "node-server"])
def test_a_servers_certificate_is_no_clients(stranger: Stranger, data: Path, name: str):
    pki = data / "pki"
    assert replace(stranger, certificate=(pki / f"{name}.crt", pki / f"{name}.key")).status(SECRETS) in (REFUSED, 401)


def token(data: Path, **changed: object) -> str:
    """A true token of the default account, or with claims changed and signed with the cluster's own key."""
    made = api(data, "POST", f"{ACCOUNT}/token", {"spec": {}})["status"]["token"]
    if not changed:
        return made
    claims = {**jwt.decode(made, options={"verify_signature": False}), **changed}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, (data / "pki" / "sa.key").read_bytes(), "ES256")


def part(content: object) -> str:
    return text(json.dumps(content).encode())


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forgeries(data: Path) -> list[str]:
    """Tokens that say what a true one says, under signatures that prove nothing."""
    true = token(data)
    _, claims, signature = true.split(".")
    public = (data / "pki" / "ca.crt").read_bytes()

    def symmetric(key: bytes) -> str:
        signed = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{claims}"
        return f"{signed}.{text(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"

    odd = [{"alg": "none"}, {"alg": "nOnE"}, {"alg": ""}, {}, [], None, {"alg": "ES256", "kid": "../../../dev/null"},
           {"alg": "ES256", "jku": "https://192.0.2.1/"}, {"alg": "ES256", "jwk": {"kty": "oct", "k": ""}},
           {"alg": ["ES256"]}, {"alg": "ES256", "crit": ["exp"]}]  # fmt: skip
    masters = {
        **jwt.decode(true, options={"verify_signature": False}),
        "sub": "system:serviceaccount:kube-system:admin",
    }
    return [
        *(f"{part(header)}.{claims}.{ending}" for header in odd for ending in ("", signature[:-4] + "AAAA")),
        *map(symmetric, (public, b"", b"\0" * 32)),
        f"{true.split('.')[0]}.{part(masters)}.{signature}",
        f"{true.split('.')[0]}.{claims}.{'A' * 86}",
        f"{true.split('.')[0]}.{claims}.",
        true[:-1], true + ".x", "x", ".", "..", "a" * 7000, "Bearer " + true, true.replace(".", "\t"),
    ]  # fmt: skip


def test_forged_tokens_are_refused(stranger: Stranger, data: Path):
    true = token(data)
    assert bearer(stranger, true).status("/api") != 401
    assert [forged for forged in forgeries(data) if bearer(stranger, forged).status("/api") not in (400, 401)] == []


def test_true_tokens_with_wrong_claims_are_refused(stranger: Stranger, data: Path):
    now = int(time.time())
    claims: list[Json] = [
        {"exp": now - 60}, {"nbf": now + 3600}, {"exp": None}, {"aud": ["another"]}, {"iss": "https://192.0.2.1"},
        {"iss": None}, {"aud": None}, {"kubernetes.io": None}, {"kubernetes.io": {"namespace": "default"}},
        {"kubernetes.io": {"namespace": "default", "serviceaccount": {"name": "default", "uid": "another"}}},
        {"kubernetes.io": {"namespace": "kube-system", "serviceaccount": {"name": "default", "uid": "another"}}},
    ]  # fmt: skip
    assert [changed for changed in claims if bearer(stranger, token(data, **changed)).status("/api") != 401] == []


ASKED = [
    ("GET", SECRETS), ("GET", "/api/v1/secrets"), ("GET", "/api/v1/nodes"), ("DELETE", "/api/v1/namespaces/default"),
    ("POST", "/api/v1/namespaces/default/pods"), ("GET", "/api/v1/namespaces/default/configmaps"),
    ("POST", f"{ACCOUNT}/token"), ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews"),
    ("GET", "/api/v1/namespaces/default/pods/x/exec?command=id"), ("GET", "/api/v1/namespaces/default/pods/x/log"),
    ("PUT", "/api/v1/nodes/x/status"), ("DELETE", "/api/v1/namespaces/default/pods"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_an_account_without_rights_is_forbidden(stranger: Stranger, data: Path, method: str, path: str):
    assert bearer(stranger, token(data)).status(path, method, b"{}" if method in ("POST", "PUT") else None) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Impersonate-User": "kubernetes-admin"},
        {"Impersonate-User": "x", "Impersonate-Group": "system:masters"},
        {"Impersonate-User": "system:serviceaccount:kube-system:default"},
        {"Impersonate-Uid": "1"},
        {"X-Remote-User": "kubernetes-admin", "X-Remote-Group": "system:masters"},
    ],
)
def test_nobody_is_impersonated(stranger: Stranger, data: Path, headers: Json):
    asking = bearer(stranger, token(data))
    for kind in (stranger, replace(asking, headers={**asking.headers, **headers}), replace(stranger, headers=headers)):
        assert kind.status(SECRETS) in (400, 401, 403)


TRICKS = [
    "/api/v1/namespaces/default/../kube-system/secrets", "/api/v1/namespaces/default%2f..%2fkube-system/secrets",
    "/api/v1//namespaces/kube-system/secrets", "/API/v1/namespaces/kube-system/secrets", "//api/v1/secrets",
    "/api/v1/namespaces/kube-system/secrets/", "/api/v1/namespaces/kube-system/secrets%00", "/api/v1/secrets?x=%00",
    "/api/v1/namespaces/kube-system/secrets;x=/readyz", "/readyz/../api/v1/secrets", "/livez%2f..%2fapi/v1/secrets",
    "/version/../api/v1/secrets", "/api/v1/namespaces/./kube-system/secrets", "/api/v1/secrets#/readyz",
    "/api/v1/namespaces/default/pods/..%2f..%2fx/log", "/api/v1/proxy/nodes/x", "http://x/api/v1/secrets",
]  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
def test_no_spelling_of_a_path_leads_past_the_check(stranger: Stranger, data: Path, path: str):
    for asking in (stranger, bearer(stranger, token(data))):
        status, body = asking.answer(path)
        assert status in (REFUSED, 301, 307, 400, 401, 403, 404) or body == b"ok"


def answer(stranger: Stranger, data: bytes) -> bytes:
    """What comes back for these bytes, over TLS."""
    at = urlsplit(stranger.url)
    with (
        socket.create_connection((at.hostname or "", at.port), 30) as plain,
        stranger.context().wrap_socket(plain, server_hostname=at.hostname) as secure,
    ):
        try:
            secure.sendall(data)
            return b"".join(iter(lambda: secure.recv(65536), b""))
        except (ssl.SSLError, ConnectionError):
            return b""


HEAD = b"GET /api/v1/secrets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
SMUGGLED = [
    HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/v1/secrets HTTP/1.1\r\n\r\n",
    HEAD + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    HEAD + b"Content-Length: -1\r\n\r\n",
    HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    HEAD + b"Authorization: \xff\xfe\r\n\r\n",
    HEAD + b"Authorization: Bearer \xff\xfe.\x80.\x81\r\n\r\n",
    HEAD + b"X : y\r\n\r\n",
    HEAD + b"X\x00Y: z\r\n\r\n",
    HEAD + b" folded: x\r\n\r\n",
    HEAD + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n",
    HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(20000)) + b"\r\n",
    b"GET " + b"/" * (3 << 20) + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"GET /api/v1/secrets HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"\x16\x03\x01\x00\x05hello",
    b"\r\n" * 50 + HEAD + b"\r\n",
]


@pytest.mark.parametrize("sent", SMUGGLED, ids=range(len(SMUGGLED)))
def test_requests_that_are_none_are_refused(stranger: Stranger, sent: bytes):
    came = answer(stranger, sent)
    assert b" 200 " not in came
    assert b" 500 " not in came


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_of_tls_are_refused(stranger: Stranger, version: ssl.TLSVersion):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.minimum_version = version
    with pytest.warns(DeprecationWarning, match="TLS"):
        context.maximum_version = version
    assert not connects(stranger, context)


@pytest.mark.parametrize("ciphers", ["NULL", "aNULL", "RC4", "kRSA", "3DES", "EXPORT", "ECDHE-ECDSA-AES128-SHA"])
def test_weak_ciphers_are_refused(stranger: Stranger, ciphers: str):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    except ssl.SSLError:
        pytest.skip("this machine's TLS library has none of them")
    assert not connects(stranger, context)


def connects(stranger: Stranger, context: ssl.SSLContext) -> bool:
    """True if a connection can be had so."""
    at = urlsplit(stranger.url)
    with socket.create_connection((at.hostname or "", at.port), 30) as plain:
        try:
            context.wrap_socket(plain, server_hostname=at.hostname).close()
        except (ssl.SSLError, ConnectionError):
            return False
    return True


def test_what_is_on_the_disk_is_for_its_owner_only(data: Path):
    open_to_others = [path for path in data.rglob("*") if path.stat().st_mode & 0o077 and not path.is_symlink()]
    assert [path for path in open_to_others if path.is_file() and path.parent.stat().st_mode & 0o077] == []
    assert data.stat().st_mode & 0o077 == 0


def test_no_secret_is_in_the_log(stranger: Stranger, data: Path):
    true = token(data)
    api(data, "POST", "/api/v1/namespaces/default/secrets",
        {"metadata": {"name": "s"}, "stringData": {"password": "hunter2-escape"}})  # fmt: skip
    bearer(stranger, true).status(SECRETS)
    stranger.status("/api/v1/secrets?token=" + true)
    log = (data / "podvisor.log").read_text()
    assert true not in log
    assert "hunter2-escape" not in log
    assert base64.b64encode(b"hunter2-escape").decode() not in log
