"""What pods reach: one another by address and by Service, the API server, and nothing else of the machine."""

import asyncio
from typing import Any

import pytest

from pods.kit import CLOCK, NAMESPACE, SECONDS, Kubectl, Pods, container
from podvisor import sdk

Json = dict[str, Any]

SERVE = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"{os.uname().nodename} for {self.client_address[0]}\\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
READY = {"tcpSocket": {"port": 8080}, "periodSeconds": 1, "failureThreshold": 30}


def server() -> Json:
    command = ["/usr/bin/python3", "-c", SERVE]
    return container(command=command, readinessProbe=READY, ports=[{"name": "web", "containerPort": 8080}])


async def address(pods: Pods, name: str) -> str:
    return (await pods.get(name))["status"]["podIP"]


async def service(pods: Pods, app: str, **spec: Any) -> tuple[str, str]:
    """A Service for the pods of that label: its name and address."""
    ports = [{"port": 80, "targetPort": "web"}]
    item = {"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": app}, "ports": ports} | spec}
    name = await pods.object(sdk.kinds.SERVICES, item)
    made = await pods.client.get(sdk.kinds.SERVICES, name, NAMESPACE)
    return name, made.spec.cluster_ip


async def until(pods: Pods, client: str, script: str, wanted: str) -> None:
    """Run a script in a pod until it says what is wanted: what is written at the API takes effect a moment later."""
    done = None
    async with CLOCK.timeout(SECONDS):
        while done is None or done.out != wanted:
            done = await pods.sh(client, script)
            await asyncio.sleep(0)


async def test_pods_reach_one_another_by_address_and_by_service(pods: Pods):
    app = pods.name("app")
    web = await pods.ready(server(), meta={"name": app, "labels": {"app": app}})
    client = await pods.up(container("echo up; sleep infinity & wait"))
    ours, theirs = await address(pods, client), await address(pods, web)
    done = await pods.sh(client, f"curl -sS --max-time 20 http://{theirs}:8080/")
    assert (done.out, done.err) == (f"{web} for {ours}\n", "")
    received, *_, sent = (await pods.sh(client, "awk '/eth0/ {print $2, $10}' /proc/net/dev")).out.split()
    assert int(received) > len(done.out)
    assert int(sent) > len(theirs)
    _, cluster_ip = await service(pods, app)
    await until(pods, client, f"curl -s --max-time 20 http://{cluster_ip}/", f"{web} for {ours}\n")
    refused = await pods.sh(client, f": </dev/tcp/{cluster_ip}/81")
    assert "Connection refused" in refused.err
    await pods.delete(web, 0)
    await pods.gone(web)
    await until(pods, client, f"curl -s --max-time 20 http://{cluster_ip}/; echo $?", "7\n")


async def test_the_api_server_is_reached_from_inside_with_the_pods_token(pods: Pods):
    script = """
cd /var/run/secrets/kubernetes.io/serviceaccount
url=https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT
curl -sS --max-time 20 --cacert ca.crt -H "Authorization: Bearer $(cat token)" $url/api/v1/namespaces/default/pods
"""
    text = await pods.output(script, automountServiceAccountToken=True)
    assert 'User \\"system:serviceaccount:default:default\\" cannot list resource \\"pods\\"' in text


@pytest.mark.parametrize("to", ["169.254.169.254", "192.0.2.1", "10.42.0.254"])
async def test_nothing_outside_is_reached(pods: Pods, to: str):
    text = await pods.output(f": </dev/tcp/{to}/80 || echo failed")
    assert "connect: Network is unreachable" in text


async def test_the_machines_loopback_is_not_reached_through_a_service(pods: Pods, kubectl: Kubectl):
    """Endpoints that name the machine itself lead nowhere: only the API server's own Service leads there."""
    port = (await pods.client.get(sdk.kinds.ENDPOINTS, "kubernetes", NAMESPACE)).subsets[0]["ports"][0]["port"]
    name, cluster_ip = await service(pods, "nobody", selector=None, ports=[{"port": 80, "targetPort": port}])
    node = "10.42.0.1"
    slices = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": [{"port": port, "name": ""}],
        "endpoints": [{"addresses": [node]}],
    }
    await pods.object(sdk.kinds.ENDPOINTSLICES, slices)
    client = await pods.up(container("echo up; sleep infinity & wait"))
    await until(pods, client, f"curl -s --max-time 20 http://{cluster_ip}/; echo $?", "7\n")
