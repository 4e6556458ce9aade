"""Which endpoints stand behind a port of a Service."""

from typing import Any

from podvisor.network.services import Backends, Port, Service, Slice, changes, table

ADDRESS = "10.96.0.10"
WEB = Port("TCP", ADDRESS, 80)


def one_slice(*endpoints: dict[str, Any], name: str = "web", port: int = 8080, protocol: str = "TCP") -> Slice:
    return Slice(({"name": name, "port": port, "protocol": protocol},), endpoints)


def endpoint(address: str, **conditions: bool) -> dict[str, Any]:
    return {"addresses": [address], "conditions": conditions}


def endpoints(*slices: Slice) -> tuple[tuple[str, int], ...]:
    return table(Service((ADDRESS,), (("web", 80, "TCP"),)), slices)[WEB].endpoints


def test_ready_endpoints_of_all_slices_are_used_and_each_once():
    first = one_slice(endpoint("10.42.0.3", ready=True), endpoint("10.42.0.4", ready=False))
    second = one_slice(endpoint("10.42.0.3", ready=True), {"addresses": ["10.42.0.5"]})
    assert endpoints(first, second) == (("10.42.0.3", 8080), ("10.42.0.5", 8080))


def test_terminating_endpoints_serve_only_where_none_is_ready():
    going = endpoint("10.42.0.4", ready=False, serving=True, terminating=True)
    failing = endpoint("10.42.0.5", ready=False, serving=False, terminating=True)
    unready = endpoint("10.42.0.6", ready=False, serving=False, terminating=False)
    assert endpoints(one_slice(going, failing, unready)) == (("10.42.0.4", 8080),)
    assert endpoints(one_slice(going, endpoint("10.42.0.3", ready=True))) == (("10.42.0.3", 8080),)


def test_a_port_leads_to_the_slices_port_of_its_name_and_protocol():
    ready = endpoint("10.42.0.3", ready=True)
    assert endpoints(one_slice(ready, name="other")) == ()
    assert endpoints(one_slice(ready, protocol="UDP")) == ()
    unnamed = Slice(({"name": None, "port": 9000},), (ready,))
    assert table(Service((ADDRESS,), (("", 80, "TCP"),)), [unnamed])[WEB].endpoints == (("10.42.0.3", 9000),)


def test_the_api_server_is_no_pod_whatever_its_endpoints_say():
    service = Service((ADDRESS,), (("https", 443, "TCP"),), host=True)
    told = one_slice(endpoint("10.42.0.3", ready=True), name="https")
    assert table(service, [told]) == {Port("TCP", ADDRESS, 443): Backends(host=True)}


def test_a_headless_service_has_no_port():
    assert table(Service((), (("web", 80, "TCP"),)), []) == {}


def test_only_what_has_changed_is_told():
    other = Port("TCP", ADDRESS, 81)
    before = {WEB: Backends((("10.42.0.3", 80),)), other: Backends()}
    assert changes(before, before) == ({}, [])
    assert changes(before, {WEB: Backends()}) == ({WEB: Backends()}, [other])
