"""Liveness, readiness and startup probes.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

import pytest

from pods.kit import Json, Pods, condition, container, forever, is_ready, status

SERVER = """
import http.server, os, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, self.headers.get("User-Agent"), self.headers.get("X-Mine"), flush=True)
        self.send_response(503 if os.path.exists("/sick") else 200)
        self.end_headers()
    def log_message(self, *a): pass
server = http.server.HTTPServer(("", 8080), Handler)
if sys.argv[1:]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("/tls.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
print("up", flush=True)
server.serve_forever()
"""
QUICK = {"periodSeconds": 1, "failureThreshold": 1}


def serving(arguments: str = "", before: str = "true", **more: object) -> Json:
    """A container that answers on port 8080, well until there is a file /sick."""
    ports = [{"name": "web", "containerPort": 8080}]
    return container(f"{before}; exec python3 -c '{SERVER}' {arguments}", ports=ports, **more)


def get(**more: object) -> Json:
    return {"httpGet": {"port": "web", **more}, "periodSeconds": 1}


async def test_http_probe_asks_the_named_port_with_its_path_and_headers(pods: Pods):
    headers = [{"name": "X-Mine", "value": "yes"}]
    name = await pods.up(serving(readinessProbe=get(path="/healthz?full=1", httpHeaders=headers)))
    asked = [line for line in (await pods.logs(name)).splitlines() if line != "up"]
    assert asked[0].startswith("/healthz?full=1 kube-probe/1.")
    assert asked[0].endswith(" yes")


async def test_http_probe_over_tls_takes_any_certificate(pods: Pods):
    make = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=any -keyout /tls.pem -out /c.pem 2> /dev/null"
    make += "; cat /c.pem >> /tls.pem"
    await pods.up(serving("tls", before=make, readinessProbe=get(scheme="HTTPS", path="/")))


@pytest.mark.parametrize(
    "action", [{"tcpSocket": {"port": "web"}}, {"tcpSocket": {"port": 8080}}], ids=["name", "number"]
)
async def test_connection_is_enough_for_a_socket_probe(pods: Pods, action: Json):
    await pods.up(serving(readinessProbe={**action, "periodSeconds": 1}))


async def test_readiness_hides_a_container_and_does_not_restart_it(pods: Pods):
    name = await pods.up(serving(readinessProbe=get() | QUICK))
    await pods.sh(name, "touch /sick")
    pod = await pods.until(name, lambda pod: not is_ready(pod))
    assert condition(pod, "ContainersReady")["message"] == "containers with unready status: [main]"
    assert (status(pod)["ready"], status(pod)["started"], pod["status"]["phase"]) == (False, True, "Running")
    event = await pods.event(name, "Unhealthy", "503")
    assert event["message"] == "Readiness probe failed: HTTP probe failed with statuscode: 503"
    assert event["involvedObject"]["fieldPath"] == "spec.containers{main}"
    await pods.sh(name, "rm /sick")
    pod = await pods.until(name, is_ready)
    assert status(pod)["restartCount"] == 0


async def test_liveness_restarts_a_container(pods: Pods):
    alive = {"exec": {"command": ["sh", "-c", "test ! -e /sick || { echo very sick; exit 1; }"]}} | QUICK
    name = await pods.up(forever(livenessProbe=alive), restartPolicy="Always")
    await pods.sh(name, "touch /sick")
    await pods.until(name, lambda pod: status(pod)["restartCount"] == 1 and is_ready(pod))
    assert (await pods.event(name, "Unhealthy"))["message"].startswith("Liveness probe failed: very sick")
    assert (await pods.event(name, "Killing"))["message"] == "Container main failed liveness probe, will be restarted"


async def test_refused_connection_is_told_as_that(pods: Pods):
    name = await pods.create(forever(readinessProbe={"tcpSocket": {"port": 9}, "periodSeconds": 1}))
    event = await pods.event(name, "Unhealthy")
    assert event["message"].startswith("Readiness probe failed: dial tcp ")
    assert event["message"].endswith(":9: connect: connection refused")


async def test_probe_that_takes_too_long_fails(pods: Pods):
    slow = {"exec": {"command": ["sleep", "1000"]}, "timeoutSeconds": 1, "periodSeconds": 1}
    name = await pods.create(forever(readinessProbe=slow))
    assert "timed out" in (await pods.event(name, "Unhealthy"))["message"]
    assert (await pods.sh(name, "until ! pgrep -xf 'sleep 1000'; do sleep 0.1; done")).code == 0


async def test_other_probes_wait_for_the_startup_probe(pods: Pods):
    startup = {"exec": {"command": ["test", "-e", "/begun"]}, "periodSeconds": 1, "failureThreshold": 100}
    never = {"exec": {"command": ["sh", "-c", "touch /asked"]}, "periodSeconds": 1}
    name = await pods.create(forever(startupProbe=startup, livenessProbe=never))
    await pods.event(name, "Unhealthy", "Startup probe failed")
    pod = await pods.get(name)
    assert (status(pod)["started"], status(pod)["ready"]) == (False, False)
    assert (await pods.sh(name, "test -e /asked")).code == 1
    await pods.sh(name, "touch /begun")
    await pods.until(name, is_ready)
    assert (await pods.sh(name, "until test -e /asked; do sleep 0.1; done")).code == 0


async def test_startup_that_never_comes_restarts_the_container(pods: Pods):
    startup = {"exec": {"command": ["false"]}} | QUICK
    name = await pods.create(forever(startupProbe=startup), restartPolicy="Always")
    await pods.until(name, lambda pod: status(pod).get("restartCount", 0) >= 1)
    assert (await pods.event(name, "Killing"))["message"] == "Container main failed startup probe, will be restarted"


async def test_probe_by_grpc_of_a_port_where_nobody_listens_fails(pods: Pods):
    name = await pods.create(forever(readinessProbe={"grpc": {"port": 1}, "periodSeconds": 1}))
    assert "error: failed to connect service at" in (await pods.event(name, "Unhealthy"))["message"]


REDIRECTING = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        to = {"/same": "/fine", "/loop": "/loop", "/away": "http://example.org/"}.get(self.path)
        self.send_response(302 if to else 200)
        if to: self.send_header("Location", to)
        self.end_headers()
    def log_message(self, *a): pass
http.server.HTTPServer(("", 8080), Handler).serve_forever()
"""


def redirecting(path: str) -> Json:
    ports = [{"name": "web", "containerPort": 8080}]
    return container(f"exec python3 -c '{REDIRECTING}'", ports=ports, readinessProbe=get(path=path))


async def test_http_probe_follows_redirects_to_the_same_host(pods: Pods):
    await pods.ready(redirecting("/same"))
    name = await pods.create(redirecting("/loop"))
    assert (await pods.event(name, "Unhealthy", "redirects"))["message"].endswith('/loop": stopped after 10 redirects')


async def test_redirect_to_another_host_is_a_success_with_a_warning(pods: Pods):
    name = await pods.ready(redirecting("/away"))
    event = await pods.event(name, "ProbeWarning")
    assert event["message"].startswith("Readiness probe warning: Probe terminated redirects")


async def test_http_probe_that_takes_too_long_says_so_as_the_kubelet_does(pods: Pods):
    silent = 'import socket, time; s = socket.create_server(("", 8080)); time.sleep(1000)'
    ports = [{"name": "web", "containerPort": 8080}]
    name = await pods.create(container(f"exec python3 -c '{silent}'", ports=ports, readinessProbe=get()))
    event = await pods.event(name, "Unhealthy", "deadline")
    assert event["message"].endswith(
        ':8080/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
    )
