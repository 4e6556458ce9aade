"""The cluster's DNS as programs find it: their own resolvers, with the files that the pod was given."""

import shutil
from typing import Any

import pytest

from pods.kit import Pods, container
from pods.test_network import address, service, until
from podvisor import sdk

PORTS = [{"name": "web", "port": 80, "targetPort": 8080}, {"name": "dns", "port": 53, "protocol": "UDP"}]


async def waiting(pods: Pods, **more: Any) -> str:
    """A pod in which scripts can be run."""
    return await pods.up(container("echo up; sleep infinity & wait"), **more)


async def test_the_service_of_the_dns_is_where_everybody_looks_for_it(pods: Pods):
    found = await pods.client.get(sdk.kinds.SERVICES, "kube-dns", "kube-system")
    assert found.spec.cluster_ip == "10.96.0.10"
    assert {(port.name, port.port, port.protocol) for port in found.spec.ports} == {
        ("dns", 53, "UDP"),
        ("dns-tcp", 53, "TCP"),
    }


async def test_programs_find_services_by_short_and_full_names(pods: Pods):
    app = pods.name("app")
    name, cluster_ip = await service(pods, app)
    client = await waiting(pods)
    resolver = await pods.sh(client, "cat /etc/resolv.conf")
    assert resolver.out.startswith("search default.svc.cluster.local svc.cluster.local cluster.local")
    assert "nameserver 10.96.0.10\noptions ndots:5\n" in resolver.out
    await until(
        pods,
        client,
        f"getent hosts {name}",
        f"{cluster_ip}{' ' * (15 - len(cluster_ip))} {name}.default.svc.cluster.local\n",
    )
    for short in (f"{name}.default", f"{name}.default.svc", f"{name}.default.svc.cluster.local."):
        done = await pods.sh(client, f"getent ahostsv4 {short} | head -1")
        assert done.out.split()[0] == cluster_ip, (short, done)
    reverse = await pods.sh(client, f"getent hosts {cluster_ip}")
    assert reverse.out.split() == [cluster_ip, f"{name}.default.svc.cluster.local"]
    api = await pods.sh(client, "getent ahostsv4 kubernetes.default.svc | head -1")
    assert api.out.split()[0] == "10.96.0.1"
    missing = await pods.sh(client, "getent hosts nobody.default.svc.cluster.local")
    assert (missing.code, missing.out) == (2, "")


PROGRAMS = {
    "python3": "python3 -c 'import socket; print(socket.gethostbyname(\"kubernetes.default\"))'",
    "node": 'node -e \'require("dns").lookup("kubernetes.default", (error, found) => console.log(error || found))\'',
    "dig": "dig +short +search kubernetes.default; dig +short +tcp kubernetes.default.svc.cluster.local",
    "perl": 'perl -MSocket -e \'print inet_ntoa(scalar gethostbyname("kubernetes.default")), "\\n"\'',
}


@pytest.mark.parametrize("program", PROGRAMS)
async def test_resolvers_of_all_kinds_are_satisfied(pods: Pods, program: str):
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} on this machine")
    text = await pods.output(PROGRAMS[program])
    assert set(text.split()) == {"10.96.0.1"}


async def test_a_headless_service_names_its_pods(pods: Pods):
    app = pods.name("app")
    name, _ = await service(pods, app, clusterIP="None", ports=PORTS)
    labels = {"labels": {"app": app}}
    one = await waiting(pods, meta=labels, hostname="one", subdomain=name)
    other = await waiting(pods, meta=labels)
    ours, theirs = await address(pods, one), await address(pods, other)
    ask = f"getent ahostsv4 {name} | cut -d' ' -f1 | sort -u"
    await until(pods, one, ask, "".join(f"{found}\n" for found in sorted((ours, theirs))))
    named = await pods.sh(other, f"getent hosts one.{name}; getent hosts {ours}")
    whole = f"one.{name}.default.svc.cluster.local"
    assert named.out.split() == [ours, whole, ours, whole]
    itself = await pods.sh(one, "hostname; hostname -f; tail -1 /etc/hosts")
    assert itself.out == f"one\n{whole}\n{ours}\t{whole}\tone\n"


async def test_a_service_of_another_name_leads_there(pods: Pods):
    item = {
        "apiVersion": "v1",
        "kind": "Service",
        "spec": {"type": "ExternalName", "externalName": "kubernetes.default.svc.cluster.local"},
    }
    name = await pods.object(sdk.kinds.SERVICES, item)
    client = await waiting(pods)
    await until(pods, client, f"getent ahostsv4 {name} | head -1 | cut -d' ' -f1", "10.96.0.1\n")


async def test_a_policy_of_none_asks_whom_the_pod_says(pods: Pods):
    config = {
        "nameservers": ["10.96.0.10"],
        "searches": ["svc.cluster.local"],
        "options": [{"name": "ndots", "value": "1"}],
    }
    script = "cat /etc/resolv.conf; getent ahostsv4 kubernetes.default | head -1 | cut -d' ' -f1"
    text = await pods.output(script, dnsPolicy="None", dnsConfig=config)
    assert text == "search svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:1\n10.96.0.1\n"
