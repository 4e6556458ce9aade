"""Which node is chosen."""

import pytest

from podvisor import sdk
from podvisor.scheduler import cycle, resources
from podvisor.sdk import codec, kinds
from podvisor.sdk.objects import core
from podvisor.testing.clock import settle


@pytest.fixture
async def world(running):
    async with running() as world:
        yield world


def requires(*expressions: dict) -> dict:
    term = {"matchExpressions": list(expressions)}
    required = {"nodeSelectorTerms": [term]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


@pytest.mark.parametrize(
    "spec",
    [
        {"nodeSelector": {"disk": "ssd"}},
        {"affinity": requires({"key": "disk", "operator": "In", "values": ["ssd", "nvme"]})},
        {"affinity": requires({"key": "slow", "operator": "DoesNotExist"})},
        {"affinity": requires({"key": "cores", "operator": "Gt", "values": ["8"]})},
    ],
)
async def test_a_pod_goes_where_it_says(world, spec):
    world.node("n1", labels={"disk": "hdd", "slow": "yes", "cores": "8"})
    world.node("n2", labels={"disk": "ssd", "cores": "16"})
    world.node("n3", labels={"disk": "hdd", "slow": "yes"})
    await world.pod(**spec)
    assert world.place() == "n2"


async def test_a_pod_that_selects_no_node_says_so(world):
    world.node()
    await world.pod(nodeSelector={"disk": "ssd"})
    assert "1 node(s) didn't match Pod's node affinity/selector." in world.told()["message"]


async def test_preferred_nodes_are_chosen_where_there_is_room(world):
    world.node("n1", cpu="64", memory="256Gi")
    world.node("n2", labels={"disk": "ssd"}, cpu="1")
    term = {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["ssd"]}]}
    wish = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 10, "preference": term}]}
    await world.pod("first", affinity={"nodeAffinity": wish}, requests={"cpu": "1"})
    await world.pod("second", affinity={"nodeAffinity": wish}, requests={"cpu": "1"})
    assert (world.place("first"), world.place("second")) == ("n2", "n1")


@pytest.mark.parametrize(
    ("toleration", "place"),
    [
        ({"key": "team", "operator": "Equal", "value": "a", "effect": "NoSchedule"}, "n1"),
        ({"operator": "Exists"}, "n1"),
        ({"key": "team", "operator": "Equal", "value": "b"}, ""),
        ({"key": "team", "operator": "Exists", "effect": "NoExecute"}, ""),
    ],
)
async def test_tainted_nodes_take_pods_that_tolerate_them(world, toleration, place):
    world.node(taints=[{"key": "team", "value": "a", "effect": "NoSchedule"}])
    await world.pod(tolerations=[toleration])
    assert world.place() == place


async def test_softly_tainted_nodes_come_last(world):
    world.node("n1", taints=[{"key": "old", "effect": "PreferNoSchedule"}], cpu="64", memory="256Gi")
    world.node("n2")
    await world.pod()
    assert world.place() == "n2"


async def test_pods_spread_over_equal_nodes(world):
    for name in ("n1", "n2", "n3"):
        world.node(name)
    for number in range(6):
        await world.pod(f"p{number}")
    places = [world.place(f"p{number}") for number in range(6)]
    assert sorted(places) == ["n1", "n1", "n2", "n2", "n3", "n3"]


async def test_a_host_port_is_taken_once_per_node(world):
    world.node()
    port = {"containerPort": 80, "hostPort": 8080, "protocol": "TCP"}
    await world.pod("first", containers=[{"name": "main", "ports": [port]}])
    await world.pod("second", containers=[{"name": "main", "ports": [port | {"hostIP": "127.0.0.1"}]}])
    await world.pod("third", containers=[{"name": "main", "ports": [port | {"protocol": "UDP"}]}])
    assert (world.place("first"), world.place("second"), world.place("third")) == ("n1", "", "n1")
    assert "1 node(s) didn't have free ports for the requested pod ports." in world.told("second")["message"]


async def test_storage_and_extended_resources_count(world):
    world.node(**{"ephemeral-storage": "1Gi", "example.com/gpu": "2"})
    await world.pod("big", requests={"ephemeral-storage": "2Gi"})
    await world.pod("gpu", requests={"example.com/gpu": "2"})
    await world.pod("more", requests={"example.com/gpu": "1"})
    assert (world.place("big"), world.place("gpu"), world.place("more")) == ("", "n1", "")
    assert "Insufficient example.com/gpu" in world.told("more")["message"]


ZONES = {"n1": "east", "n2": "east", "n3": "west"}


def near(kind: str, app: str, key: str = "zone") -> dict:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


async def test_affinity_brings_pods_together_and_anti_affinity_apart(world):
    for name, zone in ZONES.items():
        world.node(name, labels={"zone": zone})
    await world.pod("db", labels={"app": "db"}, nodeSelector={"kubernetes.io/hostname": "n1"})
    await world.pod("web", affinity=near("podAffinity", "db"))
    await world.pod("batch", affinity=near("podAntiAffinity", "db"))
    assert ZONES[world.place("web")] == "east"
    assert world.place("batch") == "n3"


async def test_a_pod_that_repels_others_keeps_them_away_later(world):
    world.node("n1", labels={"zone": "east"})
    await world.pod("quiet", affinity=near("podAntiAffinity", "loud"))
    await world.pod("loud", labels={"app": "loud"})
    assert world.place("loud") == ""
    assert "1 node(s) didn't satisfy existing pods anti-affinity rules" in world.told("loud")["message"]


async def test_the_first_of_a_group_that_wants_company_may_start(world):
    world.node("n1", labels={"zone": "east"})
    await world.pod("first", labels={"app": "group"}, affinity=near("podAffinity", "group"))
    await world.pod("lonely", affinity=near("podAffinity", "nobody"))
    assert (world.place("first"), world.place("lonely")) == ("n1", "")
    assert "1 node(s) didn't match pod affinity rules" in world.told("lonely")["message"]


async def test_topology_spread_keeps_domains_even(world):
    for name, zone in ZONES.items():
        world.node(name, labels={"zone": zone})
    constraint = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
    }
    for number in range(4):
        await world.pod(f"p{number}", labels={"app": "web"}, topologySpreadConstraints=[constraint])
    zones = sorted(ZONES[world.place(f"p{number}")] for number in range(4))
    assert zones == ["east", "east", "west", "west"]
    await world.client.patch(kinds.NODES, sdk.Key("", "n3"), {"spec": {"unschedulable": True}})
    await settle(300)
    await world.pod("fifth", labels={"app": "web"}, topologySpreadConstraints=[constraint])
    await world.pod("sixth", labels={"app": "web"}, topologySpreadConstraints=[constraint])
    assert (bool(world.place("fifth")), world.place("sixth")) == (True, "")


def test_a_pod_asks_for_its_containers_or_its_largest_init_container():
    def container(cpu: str, **more) -> dict:
        return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **more}

    spec = {
        "containers": [container("1"), container("500m")],
        "initContainers": [container("100m", restartPolicy="Always"), container("2")],
        "overhead": {"cpu": "50m"},
    }
    pod = codec.decode(codec.encode({"spec": spec}), core.Pod)
    assert resources.asked(pod).cpu == 2150


@pytest.mark.parametrize(("nodes", "compared"), [(1, 1), (100, 100), (1000, 420), (5000, 500), (10000, 500)])
def test_of_many_nodes_a_share_is_compared(nodes, compared):
    assert cycle.enough_nodes(nodes) == compared
