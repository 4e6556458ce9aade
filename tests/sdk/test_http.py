"""The transport over real sockets on the loopback."""

import datetime
import json
import ssl

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from podvisor import sdk
from podvisor.sdk import errors, kinds


@pytest.fixture
async def serve():
    runners = []

    async def start(handler, secure: ssl.SSLContext | None = None) -> int:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        runners.append(runner)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=secure)
        await site.start()
        return runner.addresses[0][1]

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
async def client_of():
    clients = []

    def make(access: sdk.Access) -> sdk.Client:
        clients.append(sdk.Client(sdk.HttpTransport(access)))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


async def test_requests_carry_path_query_and_token(serve, client_of):
    async def handler(request: web.Request) -> web.Response:
        seen = {"path": request.path, "query": dict(request.query), "auth": request.headers["Authorization"]}
        return web.json_response({"metadata": {"resourceVersion": json.dumps(seen)}, "items": []})

    client = client_of(sdk.Access(f"http://127.0.0.1:{await serve(handler)}", token="secret"))
    listed = await client.list(kinds.DEPLOYMENTS, sdk.Selection("team", labels="a in (b,c)"))
    assert json.loads(listed.metadata.resource_version) == {
        "path": "/apis/apps/v1/namespaces/team/deployments",
        "query": {"labelSelector": "a in (b,c)"},
        "auth": "Bearer secret",
    }


async def test_a_watch_takes_lines_of_any_length_cut_anywhere(serve, client_of):
    pod = {"metadata": {"name": "p", "resourceVersion": "7", "annotations": {"long": "x" * 300_000}}}
    line = json.dumps({"type": "ADDED", "object": pod}).encode() + b"\n"

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for start in range(0, len(line * 2), 100_001):
            await response.write((line * 2)[start : start + 100_001])
        return response

    client = client_of(sdk.Access(f"http://127.0.0.1:{await serve(handler)}"))
    seen = [change async for change in client.watch(kinds.PODS, "1")]
    assert [len(change.object.metadata.annotations["long"]) for change in seen] == [300_000, 300_000]


async def test_a_refusal_that_is_no_status_still_becomes_an_error(serve, client_of):
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=502, text="bad gateway")

    client = client_of(sdk.Access(f"http://127.0.0.1:{await serve(handler)}"))
    with pytest.raises(errors.ServerError, match="bad gateway") as caught:
        await client.get(kinds.PODS, "p", "default")
    assert caught.value.status.code == 502


async def test_nobody_listening_is_unreachable(client_of):
    client = client_of(sdk.Access("http://127.0.0.1:1"))
    with pytest.raises(errors.Unreachable, match=r"GET http://127\.0\.0\.1:1/api/v1/nodes/n"):
        await client.get(kinds.NODES, "n")


async def test_a_client_certificate_reaches_the_server_and_a_foreign_authority_is_not_trusted(
    serve, client_of, tmp_path
):
    certificate, key = _self_signed()
    (tmp_path / "both.pem").write_bytes(certificate + key)
    secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secure.load_cert_chain(tmp_path / "both.pem")
    secure.verify_mode = ssl.CERT_OPTIONAL
    secure.load_verify_locations(cadata=certificate.decode())

    async def handler(request: web.Request) -> web.Response:
        subject = request.transport.get_extra_info("peercert")["subject"]
        return web.json_response({"metadata": {"name": subject[0][0][1]}})

    server = f"https://127.0.0.1:{await serve(handler, secure)}"
    client = client_of(sdk.Access(server, certificate, certificate, key))
    assert (await client.get(kinds.NODES, "n")).metadata.name == "someone"
    with pytest.raises(errors.Unreachable, match="certificate verify failed"):
        await client_of(sdk.Access(server)).get(kinds.NODES, "n")


def _self_signed() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "someone")])
    import ipaddress

    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2020, 1, 1))
        .not_valid_after(datetime.datetime(2100, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private
