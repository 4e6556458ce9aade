"""Names of the cluster, as the specification of its DNS has them.

https://github.com/kubernetes/dns/blob/master/docs/specification.md
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from podvisor.network.dns.zone import Endpoint, Port, Service, Zone

WEB = Service("default", "web", ["10.96.0.7", "fd00::7"], [Port("http", 80, "TCP"), Port("dns", 53, "UDP")])
DB = Service("data", "db", [], [Port("sql", 5432, "TCP")])
AWAY = Service("default", "away", external_name="example.org.")
ALIAS = Service("default", "alias", external_name="web.default.svc.cluster.local")
LOOP = Service("default", "loop", external_name="loop.default.svc.cluster.local")
EMPTY = Service("data", "empty")
SQL = [Port("sql", 5432, "TCP")]


@dataclass
class Made:
    """A cluster of a few Services."""

    services: Sequence[Service] = (WEB, DB, AWAY, ALIAS, LOOP, EMPTY)
    behind: dict[str, Sequence[Endpoint]] = field(
        default_factory=lambda: {
            "db": [Endpoint("10.1.0.1", "db-0", SQL), Endpoint("10.1.0.2", ports=SQL)],
            "web": [Endpoint("10.1.0.9", ports=[Port("http", 8080, "TCP")])],
        }
    )

    def has_namespace(self, name: str) -> bool:
        return name in ("default", "data")

    def service(self, namespace: str, name: str) -> Service | None:
        return next((one for one in self.services if (one.namespace, one.name) == (namespace, name)), None)

    def endpoints(self, namespace: str, name: str) -> Sequence[Endpoint]:
        return self.behind.get(name, ())

    def services_at(self, address: str) -> Sequence[Service]:
        def has(service: Service) -> bool:
            behind = self.behind.get(service.name, ())
            return address in service.addresses or any(one.address == address for one in behind)

        return [service for service in self.services if has(service)]


ZONE = Zone("cluster.local", Made(), "10.96.0.10")


def told(name: str, kind: str = "A") -> list[str] | str:
    """What is said to a question: data of the records, or that there is no such name."""
    found = ZONE.answer(name, kind)
    return [f"{record.type} {record.data}" for record in found.records] if found.exists else "NXDOMAIN"


@pytest.mark.parametrize(
    ("name", "kind", "answer"),
    [
        ("web.default.svc.cluster.local", "A", ["A 10.96.0.7"]),
        ("WEB.Default.svc.CLUSTER.local", "A", ["A 10.96.0.7"]),
        ("web.default.svc.cluster.local", "AAAA", ["AAAA fd00::7"]),
        ("web.default.svc.cluster.local", "TXT", []),
        ("db.data.svc.cluster.local", "A", ["A 10.1.0.1", "A 10.1.0.2"]),
        ("db.data.svc.cluster.local", "AAAA", []),
        ("db-0.db.data.svc.cluster.local", "A", ["A 10.1.0.1"]),
        ("10-1-0-2.db.data.svc.cluster.local", "A", ["A 10.1.0.2"]),
        ("10-1-0-1.db.data.svc.cluster.local", "A", "NXDOMAIN"),
        ("empty.data.svc.cluster.local", "A", "NXDOMAIN"),
        ("web.data.svc.cluster.local", "A", "NXDOMAIN"),
        ("web.nowhere.svc.cluster.local", "A", "NXDOMAIN"),
        ("a.b.c.web.default.svc.cluster.local", "A", "NXDOMAIN"),
        ("default.svc.cluster.local", "A", []),
        ("nowhere.svc.cluster.local", "A", "NXDOMAIN"),
        ("svc.cluster.local", "A", []),
        ("cluster.local", "A", []),
        ("cluster.local", "NS", ["NS ns.dns.cluster.local"]),
        ("ns.dns.cluster.local", "A", ["A 10.96.0.10"]),
        ("other.cluster.local", "A", "NXDOMAIN"),
        ("dns-version.cluster.local", "TXT", ["TXT 1.1.0"]),
        ("_http._tcp.web.default.svc.cluster.local", "SRV", ["SRV 0 100 80 web.default.svc.cluster.local"]),
        ("_dns._udp.web.default.svc.cluster.local", "SRV", ["SRV 0 100 53 web.default.svc.cluster.local"]),
        ("_http._udp.web.default.svc.cluster.local", "SRV", "NXDOMAIN"),
        ("_tcp.web.default.svc.cluster.local", "SRV", []),
        (
            "_sql._tcp.db.data.svc.cluster.local",
            "SRV",
            ["SRV 0 50 5432 db-0.db.data.svc.cluster.local", "SRV 0 50 5432 10-1-0-2.db.data.svc.cluster.local"],
        ),
        ("away.default.svc.cluster.local", "CNAME", ["CNAME example.org"]),
        ("away.default.svc.cluster.local", "A", ["CNAME example.org"]),
        ("alias.default.svc.cluster.local", "A", ["CNAME web.default.svc.cluster.local", "A 10.96.0.7"]),
        ("7.0.96.10.in-addr.arpa", "PTR", ["PTR web.default.svc.cluster.local"]),
        ("1.0.1.10.in-addr.arpa", "PTR", ["PTR db-0.db.data.svc.cluster.local"]),
        ("9.9.9.9.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("7.0.d.f.ip6.arpa", "PTR", "NXDOMAIN"),
        (f"7.{'0.' * 29}d.f.ip6.arpa", "PTR", ["PTR web.default.svc.cluster.local"]),
        ("10-1-2-3.default.pod.cluster.local", "A", ["A 10.1.2.3"]),
        ("fd00--1.default.pod.cluster.local", "AAAA", ["AAAA fd00::1"]),
        ("10-1-2-3.nowhere.pod.cluster.local", "A", "NXDOMAIN"),
        ("ten.default.pod.cluster.local", "A", "NXDOMAIN"),
    ],
)
def test_names_mean_what_the_specification_says(name: str, kind: str, answer: list[str] | str) -> None:
    assert told(name, kind) == answer


def test_targets_of_srv_records_come_with_their_addresses() -> None:
    found = ZONE.answer("_sql._tcp.db.data.svc.cluster.local", "SRV")
    assert [(one.name, one.data) for one in found.additional] == [
        ("db-0.db.data.svc.cluster.local", "10.1.0.1"),
        ("10-1-0-2.db.data.svc.cluster.local", "10.1.0.2"),
    ]


def test_an_external_name_says_where_to_ask() -> None:
    assert ZONE.answer("away.default.svc.cluster.local", "A").outside == "example.org"
    assert ZONE.answer("away.default.svc.cluster.local", "CNAME").outside == ""


def test_names_that_lead_to_themselves_end() -> None:
    assert len(ZONE.answer("loop.default.svc.cluster.local", "A").records) < 20


def test_the_zone_owns_its_names_and_addresses_and_no_others() -> None:
    assert ZONE.owns("cluster.local")
    assert ZONE.owns("a.cluster.local")
    assert ZONE.owns("7.0.96.10.in-addr.arpa")
    assert not ZONE.owns("evilcluster.local")
    assert not ZONE.owns("9.9.9.9.in-addr.arpa")
    assert not ZONE.owns("example.org")
