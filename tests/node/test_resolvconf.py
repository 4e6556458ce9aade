"""resolv.conf by dnsPolicy and dnsConfig, as kubelets write it."""

from typing import Any

import msgspec
import pytest

from podvisor.node import objects
from podvisor.node.resolvconf import Cluster, Config, config, machine, parse

CLUSTER = Cluster("10.96.0.10", "cluster.local")
MACHINE = Config(["192.0.2.53"], ["example.org"], {"timeout": "1"})
OWN = (
    "search shop.svc.cluster.local svc.cluster.local cluster.local example.org\n"
    "nameserver 10.96.0.10\noptions ndots:5\n"
)
OF_MACHINE = "search example.org\nnameserver 192.0.2.53\noptions timeout:1\n"


def pod(**spec: Any) -> objects.Pod:
    item = {"metadata": {"name": "web", "namespace": "shop"}, "spec": {"containers": [], **spec}}
    return msgspec.convert(item, objects.Pod)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({}, OWN),
        ({"dnsPolicy": "ClusterFirst"}, OWN),
        ({"dnsPolicy": "ClusterFirst", "hostNetwork": True}, OF_MACHINE),
        ({"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True}, OWN),
        ({"dnsPolicy": "Default"}, OF_MACHINE),
        ({"dnsPolicy": "None"}, ""),
    ],
)
def test_a_policy_chooses_the_clusters_names_the_machines_or_none(spec: dict[str, Any], text: str):
    assert config(pod(**spec), CLUSTER, MACHINE).text == text


def test_what_a_pod_says_is_added_and_its_options_count():
    more = {
        "nameservers": ["1.2.3.4", "10.96.0.10"],
        "searches": ["my.search.suffix", "cluster.local"],
        "options": [{"name": "ndots", "value": "2"}, {"name": "edns0"}],
    }
    found = config(pod(dnsConfig=more), CLUSTER, Config())
    assert found.text == (
        "search shop.svc.cluster.local svc.cluster.local cluster.local my.search.suffix\n"
        "nameserver 10.96.0.10\nnameserver 1.2.3.4\noptions ndots:2 edns0\n"
    )
    alone = config(pod(dnsPolicy="None", dnsConfig=more), CLUSTER, MACHINE)
    assert alone.text == (
        "search my.search.suffix cluster.local\nnameserver 1.2.3.4\nnameserver 10.96.0.10\noptions ndots:2 edns0\n"
    )


def test_no_more_than_resolvers_take():
    many = {"nameservers": [f"192.0.2.{n}" for n in range(9)], "searches": [f"s{n}" for n in range(50)]}
    found = config(pod(dnsConfig=many), CLUSTER, Config())
    assert (len(found.nameservers), len(found.searches)) == (3, 32)


def test_a_node_without_a_dns_gives_the_machines():
    assert config(pod(), Cluster(), MACHINE).text == OF_MACHINE


def test_files_of_the_machine_are_read_and_a_resolver_on_loopback_is_passed_over(tmp_path):
    first, second = tmp_path / "resolv.conf", tmp_path / "systemd"
    first.write_text("# a comment\ndomain a\nsearch b c .\nnameserver 127.0.0.53\noptions edns0 ndots:2\n")
    assert machine([first, second]) == Config(["127.0.0.53"], ["b", "c"], {"edns0": "", "ndots": "2"})
    second.write_text("nameserver 192.0.2.1\nnameserver 192.0.2.2\n")
    assert machine([first, second]).nameservers == ["192.0.2.1", "192.0.2.2"]
    assert machine([tmp_path / "nowhere"]) == Config()


def test_lines_that_mean_nothing_are_passed_over():
    assert parse("nameserver\nsortlist 1\n\n; x\n").text == ""
