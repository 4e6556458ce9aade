"""NetworkPolicies that are written at the API, between real pods."""

from typing import Any

from pods.kit import NAMESPACE, Pods, container
from pods.test_network import address, server, service
from pods.test_network import until as until_said
from podvisor import sdk

Json = dict[str, Any]


async def policy(pods: Pods, app: str, **spec: Any) -> str:
    wanted = {"podSelector": {"matchLabels": {"app": app}}} | spec
    item = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "spec": wanted}
    return await pods.object(sdk.kinds.NETWORKPOLICIES, item)


async def client(pods: Pods, **labels: str) -> str:
    return await pods.up(container("echo up; sleep infinity & wait"), meta={"name": pods.name(), "labels": labels})


async def until(pods: Pods, name: str, script: str, code: int) -> None:
    """Run a script in a pod until it ends with this code: what is written at the API takes effect a moment later."""
    await until_said(pods, name, f"{script} >/dev/null; echo $?", f"{code}\n")


DROPPED, DONE = 28, 0
"""Exit codes of curl: it has waited long enough, and all is well."""


async def test_a_server_is_reached_by_those_that_a_policy_names_and_by_probes(pods: Pods):
    app = pods.name("app")
    friend, stranger = await client(pods, role="friend"), await client(pods, role="stranger")
    rule = {"from": [{"podSelector": {"matchLabels": {"role": "friend"}}}], "ports": [{"port": "web"}]}
    name = await policy(pods, app, ingress=[rule])
    # Its readiness probe is the node's own: no policy bars it.
    web = await pods.ready(server(), meta={"name": app, "labels": {"app": app}})
    _, cluster_ip = await service(pods, app)
    ask = f"curl -s --max-time 10 http://{cluster_ip}/"
    quick = f"curl -s --max-time 0.3 http://{await address(pods, web)}:8080/"
    await until(pods, friend, ask, DONE)
    assert (await pods.sh(stranger, quick)).code == DROPPED
    assert (await pods.sh(stranger, f"curl -s --max-time 0.3 http://{cluster_ip}/")).code == DROPPED
    await pods.kubectl("label", "pod", stranger, "role=friend", "--overwrite")
    await until(pods, stranger, ask, DONE)
    await pods.kubectl("delete", "networkpolicy", name)
    await pods.kubectl("label", "pod", stranger, "role=nobody", "--overwrite")
    await until(pods, stranger, ask, DONE)


async def test_a_client_reaches_what_its_egress_names_and_neither_others_nor_the_api_server(pods: Pods):
    app, hermit = pods.name("app"), pods.name("hermit")
    await pods.ready(server(), meta={"name": app, "labels": {"app": app}})
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": NAMESPACE}}}
    allowed = {"to": [peer | {"podSelector": {"matchLabels": {"app": app}}}]}
    await policy(pods, hermit, policyTypes=["Egress"], egress=[allowed])
    name = await client(pods, app=hermit)
    to = await address(pods, app)
    assert (await pods.sh(name, f"curl -s --max-time 20 http://{to}:8080/")).code == DONE
    api = "curl -sk --max-time 0.3 https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/version"
    assert (await pods.sh(name, api)).code == DROPPED
