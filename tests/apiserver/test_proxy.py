"""pods/proxy, services/proxy and nodes/proxy.

https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/
"""

import io
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from apiserver import authority, kubelet
from apiserver.conftest import Api, serving
from apiserver.samples import PODS, pod
from podvisor.apiserver.proxying.links import Links

NAMESPACE = "/api/v1/namespaces/default"
ADDRESS = "10.1.2.3"


async def tell(request: web.Request) -> web.StreamResponse:
    """Says what it was asked."""
    told = {
        "method": request.method,
        "path": request.raw_path,
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "body": (await request.read()).decode(),
    }
    return web.json_response(told, headers={"Access-Control-Allow-Origin": "*", "X-Own": "1"})


async def page(request: web.Request) -> web.Response:
    return web.Response(text='<a href="/rewriteme">x</a> <img src=pic.png> href="/text"', content_type="text/html")


async def redirected(request: web.Request) -> web.Response:
    raise web.HTTPFound("/elsewhere?a=b")


async def echo(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse(protocols=["chat"])
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(f"{request.path} {message.data}")
    return socket


def application() -> web.Application:
    app = web.Application(client_max_size=8 << 20)
    app.router.add_get("/page", page)
    app.router.add_get("/redirect", redirected)
    app.router.add_get("/socket", echo)
    app.router.add_route("*", "/{rest:.*}", tell)
    return app


@pytest.fixture
async def port(api: Api, ca: authority.Authority, tmp_path: Path) -> AsyncGenerator[int]:
    """That of a pod `one` with a server, behind a Service `web`, on a node with a server of its own."""
    runner = web.AppRunner(application(), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    own = runner.addresses[0][1]
    async with serving(kubelet.app(), ca, tmp_path) as node:
        await api.post("/api/v1/nodes", {"metadata": {"name": "n1"}, "status": kubelet.addresses(node)})
        await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
        main = {"name": "main", "image": "x", "ports": [{"containerPort": own}]}
        await api.post(PODS, pod(containers=[main]))
        await api.post(f"{PODS}/one/binding", {"target": {"name": "n1"}})
        await api.patch(f"{PODS}/one/status", {"status": {"podIP": ADDRESS, "podIPs": [{"ip": ADDRESS}]}})
        ports = [{"name": "http", "port": 80}, {"name": "none", "port": 81}]
        made = await api.post(f"{NAMESPACE}/services", {"metadata": {"name": "web"}, "spec": {"ports": ports}})
        assert made.code == 201, made.body
        await slices(api, own)
        yield own
    await runner.cleanup()


async def slices(api: Api, port: int, address: str = ADDRESS, name: str = "web") -> None:
    reference = {"kind": "Pod", "namespace": "default", "name": "one"}
    item = {
        "metadata": {"name": f"{name}-1", "labels": {"kubernetes.io/service-name": "web"}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": port}],
        "endpoints": [{"addresses": [address], "targetRef": reference, "conditions": {"ready": True}}],
    }
    made = await api.post("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", item)
    assert made.code == 201, made.body


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_every_method_is_passed_on_with_path_query_and_body(api: Api, port: int, method: str):
    reply = await api(method, f"{PODS}/one/proxy/a%20b//c/?x=1&y=a%26b&z", b"some" if method != "GET" else None)
    assert reply.code == 200
    assert (reply.body["method"], reply.body["path"]) == (method, "/a%20b//c/?x=1&y=a%26b&z")
    assert reply.body["body"] == ("" if method == "GET" else "some")


@pytest.mark.parametrize(
    "name", ["pods/one", "pods/one:{port}", "pods/http:one:{port}", "services/web:http", "services/web:80"]
)
async def test_pods_and_services_are_named_with_their_ports(api: Api, port: int, name: str):
    reply = await api.get(f"{NAMESPACE}/{name.format(port=port)}/proxy/x")
    assert reply.body["path"] == "/x"


async def test_no_credential_of_the_client_reaches_the_pod(api: Api, port: int):
    sent = {"X_Forwarded_For": "1.2.3.4", "X_Remote_User": "me", "X_Secret": "1", "X_Mine": "2", "Authorization": ""}
    reply = await api.get(f"{PODS}/one/proxy/x", Connection="X-Secret", Te="gzip", **sent)
    told = reply.body["headers"]
    assert not {"authorization", "x-remote-user", "x-secret", "te", "connection"} & set(told)
    assert told["x-mine"] == "2"
    assert told["x-forwarded-for"] == "1.2.3.4, 127.0.0.1"
    assert told["x-forwarded-uri"] == f"{PODS}/one/proxy/x"


async def test_answers_bring_no_rights_for_other_origins(api: Api, port: int):
    reply = await api.get(f"{PODS}/one/proxy/x")
    assert reply.headers["X-Own"] == "1"
    assert "Access-Control-Allow-Origin" not in reply.headers


async def test_links_of_pages_and_redirects_lead_through_the_proxy(api: Api, port: int):
    here = f"{PODS}/one/proxy"
    shown = await api.get(f"{here}/page")
    assert shown.body.decode() == f'<a href="{here}/rewriteme">x</a> <img src=pic.png> href="/text"'
    async with api.session.get(f"{api.address}{here}/redirect", allow_redirects=False) as reply:
        assert reply.headers["Location"] == f"{here}/elsewhere?a=b"
    async with api.session.get(f"{api.address}{here}?a=b", allow_redirects=False) as reply:
        assert (reply.status, reply.headers["Location"]) == (301, f"{here}/?a=b")
    assert (await api.get(f"{here}/")).body["path"] == "/"


@pytest.mark.parametrize(
    ("link", "led"),
    [
        ("/a", "/p/proxy/a"),
        ("http://10.1.2.3:80/a?b#c", "/p/proxy/a?b#c"),
        ("https://api:6443/a", "/p/proxy/a"),
        ("/p/proxy/a", "/p/proxy/a"),
        ("a", "a"),
        ("https://example.com/a", "https://example.com/a"),
        ("//example.com/a", "//example.com/a"),
        ("http://[", "http://["),
        ("", ""),
    ],
)
def test_only_links_to_the_pod_itself_are_led(link: str, led: str):
    assert Links("/p/proxy", "10.1.2.3:80", "api:6443").through_proxy(link) == led


async def test_websockets_pass(api: Api, port: int):
    address = f"{api.address}{NAMESPACE}/services/web:http/proxy/socket"
    async with api.session.ws_connect(address, protocols=["chat"]) as socket:
        assert socket.protocol == "chat"
        for word in ("one", "two" * 30000):
            await socket.send_str(word)
            assert await socket.receive_str() == f"/socket {word}"


async def test_pod_that_wants_no_upgrade_says_so_itself(api: Api, port: int):
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await api.session.ws_connect(f"{api.address}{PODS}/one/proxy/page")
    assert refused.value.status == 500  # "invalid upgrade response: status code 200"


async def test_pod_that_does_not_answer_is_unavailable(api: Api, port: int):
    refused = await api.get(f"{PODS}/one:9/proxy/x")
    assert (refused.code, refused.body["reason"]) == (503, "ServiceUnavailable")
    assert refused.message == "error trying to reach service: dial tcp4 127.0.0.1:9: connect: connection refused"
    refused = await api.get(f"{PODS}/one:9/proxy/x", Connection="Upgrade", Upgrade="websocket")
    assert refused.message.startswith("Internal error occurred: error dialing backend: dial tcp4")


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("pods/ftp:one:80/proxy/", 400, 'invalid pod request "ftp:one:80"'),
        ("pods/one:x/proxy/", 400, 'invalid pod request "one:x"'),
        ("pods/one:0/proxy/", 400, 'invalid pod request "one:0"'),
        ("pods/one:65536/proxy/", 400, 'invalid pod request "one:65536"'),
        ("pods/a:b:c:d/proxy/", 400, 'invalid pod request "a:b:c:d"'),
        ("pods/none/proxy/", 404, 'pods "none" not found'),
        ("services/none/proxy/", 404, 'services "none" not found'),
        ("services/web:82/proxy/", 503, 'no service port 82 found for service "web"'),
        ("services/web:none/proxy/", 503, 'no endpoints available for service "web"'),
        ("services/web/proxy/", 503, 'no endpoints available for service "web"'),
    ],
)
async def test_what_cannot_be_reached_is_told(api: Api, port: int, path: str, code: int, message: str):
    refused = await api.get(f"{NAMESPACE}/{path}")
    assert (refused.code, refused.message) == (code, message)


async def test_pod_without_an_address_is_not_allowed(api: Api, port: int):
    await api.post(PODS, pod(name="two"))
    assert (await api.get(f"{PODS}/two/proxy/")).message == "address not allowed"


async def test_endpoint_that_names_an_address_which_is_not_its_pods_is_not_dialled(api: Api, port: int):
    await api.delete("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/web-1")
    await slices(api, port, address="10.9.9.9", name="bad")
    refused = await api.get(f"{NAMESPACE}/services/web:http/proxy/")
    assert (refused.code, refused.message) == (503, 'no endpoints available for service "web"')


async def test_node_answers_for_its_own_server_and_for_no_other_port(api: Api, port: int):
    path = "/containerLogs/default/one/main?timestamps=true"
    reply = await api.get(f"/api/v1/nodes/n1/proxy{path}")
    assert reply.code == 200, reply.body
    assert reply.body == b"main {'timestamps': 'true'}\nsecond\n"
    refused = await api.get(f"/api/v1/nodes/n1:{port}/proxy/")
    assert (refused.code, refused.message) == (400, "address not allowed")


async def test_bodies_may_be_larger_than_those_of_objects(api: Api, port: int):
    sent = b"x" * (4 << 20)
    reply = await api("POST", f"{PODS}/one/proxy/x", io.BytesIO(sent))
    assert (reply.code, len(reply.body["body"])) == (200, len(sent))
