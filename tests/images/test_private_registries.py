"""Registries that want to be trusted, and to know who one is: the real server with TLS, passwords and tokens."""

import asyncio
import base64
import json
import os
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from apiserver.authority import Authority
from harness import registry as registries
from images.faulty import Instant
from podvisor.images import errors, local, reference
from podvisor.images.pulling import Puller
from podvisor.images.registry import credentials, hosts

USER, PASSWORD = "ann", registries.PASSWORD
CREDENTIALS = f"--dest-creds={USER}:{PASSWORD}"
AUTH = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture(scope="module")
def layout(tmp_path_factory):
    work = tmp_path_factory.mktemp("image")
    return registries.layout(work, registries.busybox_tree(work / "tree"))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One for all tests, so that the layers are fetched once, and the manifests each time."""
    return local.Store(str(tmp_path_factory.mktemp("store")))


@pytest.fixture
def pull(store, tmp_path):
    """A function that pulls an image by a `registries.yaml`, as who is logged in by some files."""

    def pull(name, yaml=None, environment=None):
        path = tmp_path / "registries.yaml"
        path.write_text(json.dumps(yaml or {}))
        keyring = credentials.of_user({"HOME": str(tmp_path), **(environment or {})})
        puller = Puller(store.content, hosts.load(path), keyring, clock=Instant())
        return asyncio.run(puller.pull(reference.parse(name)))

    return pull


def refused(pull, *words, kind=errors.PullFailed) -> str:
    """What a pull is refused with: one line, with the name and without any secret."""
    with pytest.raises(kind) as caught:
        pull(*words)
    said = str(caught.value)
    assert said.startswith(str(reference.parse(words[0])))
    assert "\n" not in said
    assert PASSWORD not in said
    assert AUTH not in said
    return said


# TLS with an authority of one's own, a certificate for clients, and a password on top.


@dataclass(frozen=True)
class Guarded:
    """The registry, and the image that it has."""

    host: str
    image: str
    tls: dict[str, str]
    """What `registries.yaml` has to say of it."""

    def config(self, *leave_out: str, **more: object) -> dict[str, object]:
        tls = {key: value for key, value in self.tls.items() if key not in leave_out}
        return {"configs": {self.host: {"tls": tls, **more}}}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, layout):
    directory = tmp_path_factory.mktemp("guarded")
    authority = Authority()
    (directory / "ca.crt").write_text(authority.pem)
    certificate, key = authority.server_files(directory)
    client, client_key = authority.client_files(directory, "client")
    (directory / "htpasswd").write_text(registries.HTPASSWD)
    tls = {"certificate": str(certificate), "key": str(key), "clientcas": [str(directory / "ca.crt")]}
    auth = {"htpasswd": {"realm": "here", "path": str(directory / "htpasswd")}}
    with registries.served(directory, "127.0.0.1", http={"tls": tls}, auth=auth) as one:
        certificates = directory / "for-skopeo"
        certificates.mkdir()
        for source, name in ((client, "client.cert"), (client_key, "client.key")):
            (certificates / name).write_bytes(source.read_bytes())
        image = one.push(layout, "private/app", CREDENTIALS, f"--dest-cert-dir={certificates}")
        files = {"ca_file": str(directory / "ca.crt"), "cert_file": str(client), "key_file": str(client_key)}
        yield Guarded(one.host, image, files)


def test_an_own_authority_and_a_client_certificate_are_used(guarded, pull):
    auth = {"username": USER, "password": PASSWORD}
    pulled = pull(guarded.image, guarded.config(auth=auth))
    assert pulled.login == credentials.Login(USER, PASSWORD)


def test_a_certificate_of_an_unknown_authority_is_named(guarded, pull):
    said = refused(pull, guarded.image, guarded.config("ca_file"))
    assert f"{guarded.host}: TLS: certificate verify failed: unable to get local issuer certificate" in said


def test_a_certificate_for_another_name_is_named(guarded, pull):
    other = guarded.host.replace("127.0.0.1", "localhost")
    said = refused(pull, f"{other}/private/app", {"configs": {other: {"tls": guarded.tls}}})
    assert "certificate verify failed: Hostname mismatch, certificate is not valid for 'localhost'" in said


def test_verification_can_be_left_out(guarded, pull):
    config = guarded.config("ca_file", auth={"auth": AUTH})
    config["configs"][guarded.host]["tls"]["insecure_skip_verify"] = True
    assert pull(guarded.image, config).login


def test_a_missing_client_certificate_is_named_and_not_tried_again(guarded, pull):
    said = refused(pull, guarded.image, guarded.config("cert_file", "key_file"))
    # The alert's name depends on the server: certificate_required, or bad_certificate before TLS 1.3.
    assert "TLS: " in said
    assert "certificate" in said.partition("TLS: ")[2]


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_certificates_that_cannot_be_used_is_named(guarded, pull, tmp_path, content):
    path = tmp_path / "own.crt"
    if content:
        path.write_text(content)
    with pytest.raises(errors.BadConfiguration, match=str(path)):
        pull(guarded.image, {"configs": {guarded.host: {"tls": {"ca_file": str(path)}}}})


def test_nobody_is_denied(guarded, pull):
    said = refused(pull, guarded.image, guarded.config(), kind=errors.Denied)
    assert said.endswith(f"{guarded.host}: authentication required")


def test_a_wrong_password_is_denied_in_the_registrys_words(guarded, pull):
    auth = {"username": USER, "password": PASSWORD + "x"}
    assert "authentication required" in refused(pull, guarded.image, guarded.config(auth=auth), kind=errors.Denied)


@pytest.mark.parametrize(
    "key", ["{host}", "https://{host}", "{host}/private", "https://{host}/v2/", "{host}/private/app"]
)
def test_dockers_login_is_used(guarded, pull, tmp_path, key):
    write(tmp_path / ".docker/config.json", {"auths": {key.format(host=guarded.host): {"auth": AUTH}}})
    assert pull(guarded.image, guarded.config()).login


def test_the_login_of_another_repository_is_not_used(guarded, pull, tmp_path):
    write(tmp_path / ".docker/config.json", {"auths": {f"{guarded.host}/public": {"auth": AUTH}}})
    refused(pull, guarded.image, guarded.config(), kind=errors.Denied)


def test_the_next_login_is_tried_where_one_is_refused(guarded, pull, tmp_path):
    wrong = base64.b64encode(b"ann:wrong").decode()
    write(
        tmp_path / ".docker/config.json",
        {"auths": {f"{guarded.host}/private/app": {"auth": wrong}, guarded.host: {"auth": AUTH}}},
    )
    assert pull(guarded.image, guarded.config()).login == credentials.Login(USER, PASSWORD)


@pytest.mark.parametrize("variable", ["XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "REGISTRY_AUTH_FILE"])
def test_the_containers_tools_login_is_used(guarded, pull, tmp_path, variable):
    path = write(tmp_path / "somewhere/containers/auth.json", {"auths": {guarded.host: {"auth": AUTH}}})
    value = path if variable == "REGISTRY_AUTH_FILE" else tmp_path / "somewhere"
    assert pull(guarded.image, guarded.config(), {variable: str(value)}).login


HELPER = """#!/bin/sh
read server
[ "$1 $server" = "get {host}" ] || {{ echo "credentials not found in native keychain"; exit 1; }}
echo '{{"ServerURL": "'$server'", "Username": "{user}", "Secret": "{password}"}}'
"""


@pytest.mark.parametrize("setting", ["credHelpers", "credsStore"])
def test_a_credential_helper_is_asked(guarded, pull, tmp_path, monkeypatch, setting):
    helper = tmp_path / "bin/docker-credential-test"
    helper.parent.mkdir()
    helper.write_text(HELPER.format(host=guarded.host, user=USER, password=PASSWORD))
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{helper.parent}:{os.environ['PATH']}")
    named = {guarded.host: "test"} if setting == "credHelpers" else "test"
    write(tmp_path / ".docker/config.json", {"auths": {guarded.host: {}}, setting: named})
    assert pull(guarded.image, guarded.config()).login


def test_a_helper_that_is_not_there_leaves_one_nobody(guarded, pull, tmp_path):
    write(tmp_path / ".docker/config.json", {"credsStore": "no-such-helper"})
    refused(pull, guarded.image, guarded.config(), kind=errors.Denied)


def test_a_damaged_login_is_named_without_what_is_in_it(guarded, pull, tmp_path):
    path = write(tmp_path / ".docker/config.json", {})
    path.write_text('{"auths": {"x": {"auth": "' + PASSWORD)
    with pytest.raises(errors.BadConfiguration, match=str(path)) as caught:
        pull(guarded.image, guarded.config())
    assert PASSWORD not in str(caught.value)


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


# Mirrors and rewrites, at a registry without TLS.


@pytest.fixture(scope="module")
def plain(tmp_path_factory, layout):
    with registries.served(tmp_path_factory.mktemp("plain")) as one:
        one.push(layout, "mirrored/busybox", tag="1")
        one.push(layout, "team/app", tag="1")
        yield one


def test_a_mirror_serves_under_other_names(plain, pull):
    nobody = f"http://localhost:{registries.free_port()}"
    mirror = {"endpoint": [nobody, f"http://{plain.host}"], "rewrite": {"^library/(.*)": "mirrored/$1"}}
    pulled = pull("busybox:1", {"mirrors": {"docker.io": mirror}})
    assert pulled.name.canonical == "docker.io/library/busybox:1"


def test_a_mirror_for_everything(plain, pull):
    pull("registry.example/team/app:1", {"mirrors": {"*": {"endpoint": [f"http://{plain.host}/v2/"]}}})


def test_what_a_mirror_lacks_is_asked_of_the_registry_itself(plain, pull):
    other = f"http://localhost:{registries.free_port()}"
    pull(f"{plain.host}/team/app:1", {"mirrors": {plain.host: {"endpoint": [other]}}})


# Tokens.


@dataclass
class TokenServer:
    """Gives tokens to who says who they are, or to everybody, and remembers what it was asked."""

    address: str = ""
    key: bytes = b""
    chain: list[str] = field(default_factory=list)
    seen: list[tuple[str, dict[str, list[str]], str]] = field(default_factory=list)
    """Method, parameters and Authorization of each request."""

    def token(self, scope: str) -> str:
        kind, name, actions = scope.split(":")
        access = [{"type": kind, "name": name, "actions": actions.split(",")}]
        now = int(time.time())
        claims = {"iss": "tests", "sub": USER, "aud": "registry", "exp": now + 300, "nbf": now - 5, "iat": now - 5}
        return jwt.encode({**claims, "jti": "1", "access": access}, self.key, "ES256", headers={"x5c": self.chain})


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tokens")
    certificate, key = Authority().client_files(directory, "signer")
    server = TokenServer(key=key.read_bytes())
    server.chain = [base64.b64encode(ssl.PEM_cert_to_DER_cert(certificate.read_text())).decode()]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.give(parse_qs(urlsplit(self.path).query))

        def do_POST(self) -> None:
            self.give(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))

        def give(self, asked: dict[str, list[str]]) -> None:
            login = self.headers.get("Authorization", "")
            server.seen.append((self.command, asked, login))
            known = login == f"Basic {AUTH}" or asked.get("refresh_token") == ["identity"]
            self.send_response(200 if known else 401)
            self.end_headers()
            name = "access_token" if self.command == "POST" else "token"
            self.wfile.write(json.dumps({name: server.token(asked["scope"][0])} if known else {}).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Quietly."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        server.address = f"http://127.0.0.1:{http.server_port}/token"
        yield server, certificate
        http.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def tokened(tmp_path_factory, layout, tokens):
    """The image at a registry that wants tokens."""
    server, certificate = tokens
    token = {"realm": server.address, "service": "registry", "issuer": "tests", "rootcertbundle": str(certificate)}
    with registries.served(tmp_path_factory.mktemp("tokened"), auth={"token": token}) as one:
        yield one.push(layout, "team/app", CREDENTIALS)


def test_a_token_is_asked_for_as_who_one_is(tokened, tokens, pull):
    server, _ = tokens
    server.seen.clear()
    auth = {"username": USER, "password": PASSWORD}
    assert pull(tokened, {"configs": {tokened.partition("/")[0]: {"auth": auth}}}).login
    assert server.seen == [("GET", {"service": ["registry"], "scope": ["repository:team/app:pull"]}, f"Basic {AUTH}")]


def test_an_identity_token_is_traded_in(tokened, tokens, pull, tmp_path):
    server, _ = tokens
    server.seen.clear()
    entry = {"auth": base64.b64encode(b"<token>:").decode(), "identitytoken": "identity"}
    write(tmp_path / ".docker/config.json", {"auths": {tokened.partition("/")[0]: entry}})
    pull(tokened)
    ((method, asked, login),) = server.seen
    assert (method, login, asked["grant_type"]) == ("POST", "", ["refresh_token"])


def test_who_gets_no_token_is_denied(tokened, pull):
    assert "its token server 127.0.0.1 refuses: unauthorized" in refused(pull, tokened, kind=errors.Denied)
