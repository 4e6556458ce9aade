"""What a ResourceQuota bounds is counted in the step that writes it, and never exceeded.

https://kubernetes.io/docs/concepts/policy/resource-quotas/
"""

import asyncio
from typing import Any

import pytest

from apiserver.conftest import Api
from apiserver.samples import DEPLOYMENTS, MAPS, PODS, SERVICES, config_map, deployment, pod, service

QUOTAS = "/api/v1/namespaces/default/resourcequotas"
Json = dict[str, Any]
CRITICAL = "system-node-critical"


@pytest.fixture(autouse=True)
async def account(api: Api) -> None:
    await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})


async def bound(api: Api, name: str = "q", used: Json | None = None, spec: Json | None = None, **hard: str) -> None:
    """A quota that the controller has seen."""
    made = await api.post(QUOTAS, {"metadata": {"name": name}, "spec": {"hard": hard, **(spec or {})}})
    assert made.code == 201, made.body
    status = {"hard": hard, "used": dict.fromkeys(hard, "0") | (used or {})}
    assert (await api.patch(f"{QUOTAS}/{name}/status", {"status": status})).code == 200


async def used(api: Api, name: str = "q") -> Json:
    return (await api.get(f"{QUOTAS}/{name}")).body["status"]["used"]


def asking(name: str = "one", requests: Json | None = None, limits: Json | None = None, **spec: Any) -> Json:
    made = pod(name, **spec)
    made["spec"]["containers"][0]["resources"] = {"requests": requests or {}, "limits": limits or {}}
    return made


async def test_what_is_above_a_quota_is_refused_and_nothing_is_counted(api: Api) -> None:
    await bound(api, pods="2")
    for name in ("one", "two"):
        assert (await api.post(PODS, pod(name))).code == 201
    refused = await api.post(PODS, pod("three"))
    why = "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
    assert (refused.code, refused.message) == (403, f'pods "three" is forbidden: {why}')
    assert await used(api) == {"pods": "2"}


async def test_racing_creates_never_exceed_a_quota(api: Api) -> None:
    await bound(api, pods="7", **{"count/configmaps": "5"})
    wanted = [api.post(PODS, pod(f"p{number}")) for number in range(30)]
    wanted += [api.post(MAPS, config_map(f"c{number}")) for number in range(20)]
    replies = await asyncio.gather(*wanted)
    codes = [reply.code for reply in replies]
    assert (codes[:30].count(201), codes[:30].count(403)) == (7, 23)
    assert (codes[30:].count(201), codes[30:].count(403)) == (5, 15)
    assert await used(api) == {"pods": "7", "count/configmaps": "5"}


async def test_a_write_that_fails_uses_nothing(api: Api) -> None:
    await bound(api, **{"count/configmaps": "5", "configmaps": "5"})
    assert (await api.post(MAPS, config_map())).code == 201
    assert (await api.post(MAPS, config_map())).code == 409
    assert (await api.post(MAPS, config_map("A B"))).code == 422
    assert (await api.post(f"{MAPS}?dryRun=All", config_map("two"))).code == 201
    assert await used(api) == {"count/configmaps": "1", "configmaps": "1"}


async def test_a_dry_run_is_refused_as_the_write_would_be(api: Api) -> None:
    await bound(api, **{"count/configmaps": "0"})
    assert (await api.post(f"{MAPS}?dryRun=All", config_map())).code == 403


async def test_objects_of_any_kind_are_counted(api: Api) -> None:
    await bound(api, **{"count/deployments.apps": "1"})
    assert (await api.post(DEPLOYMENTS, deployment())).code == 201
    refused = await api.post(DEPLOYMENTS, deployment("other"))
    why = "exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=1"
    assert refused.message == (f'deployments.apps "other" is forbidden: {why}, limited: count/deployments.apps=1')


async def test_what_pods_ask_for_is_added_up(api: Api) -> None:
    await bound(api, **{"requests.cpu": "1", "limits.memory": "1Gi", "requests.example.com/gpu": "3"})
    first = asking("one", {"cpu": "300m"}, {"memory": "400Mi", "example.com/gpu": "2"})
    assert (await api.post(PODS, first)).code == 201
    assert await used(api) == {"requests.cpu": "300m", "limits.memory": "400Mi", "requests.example.com/gpu": "2"}
    refused = await api.post(PODS, asking("two", {"cpu": "800m"}, {"memory": "700Mi"}))
    assert refused.message.endswith(
        "exceeded quota: q, requested: limits.memory=700Mi,requests.cpu=800m, "
        "used: limits.memory=400Mi,requests.cpu=300m, limited: limits.memory=1Gi,requests.cpu=1"
    )


async def test_a_quota_over_processors_obliges_every_container_to_ask(api: Api) -> None:
    await bound(api, **{"limits.cpu": "1", "requests.memory": "1Gi"})
    refused = await api.post(PODS, pod(initContainers=[{"name": "first", "image": "busybox:1"}]))
    missing = "limits.cpu for: first,main; requests.memory for: first,main"
    assert refused.message == f'pods "one" is forbidden: failed quota: q: must specify {missing}'


async def test_a_quota_that_nobody_has_counted_yet_refuses(api: Api) -> None:
    await api.post(QUOTAS, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "2"}}})
    assert (await api.post(PODS, pod("early"))).code == 201
    await api.patch(f"{QUOTAS}/q/status", {"status": {"hard": {"pods": "2"}, "used": {}}})
    refused = await api.post(PODS, pod("two"))
    assert refused.message == 'pods "two" is forbidden: status unknown for quota: q, resources: pods'


@pytest.mark.parametrize(
    ("spec", "counted", "not_counted"),
    [
        ({"scopes": ["BestEffort"]}, asking(), asking(requests={"cpu": "1"})),
        ({"scopes": ["NotBestEffort"]}, asking(requests={"cpu": "1"}), asking()),
        ({"scopes": ["Terminating"]}, asking(activeDeadlineSeconds=9), asking()),
        ({"scopes": ["NotTerminating"]}, asking(), asking(activeDeadlineSeconds=9)),
        (
            {"scopes": ["CrossNamespacePodAffinity"]},
            asking(affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "zone", "namespaces": ["other"]}]}}),
            asking(affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
                {"topologyKey": "zone"}]}}),
        ),
        *(
            (
                {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": operator, **more}]}},
                counted,
                not_counted,
            )
            for operator, more, counted, not_counted in (
                ("In", {"values": [CRITICAL]}, asking(priorityClassName=CRITICAL), asking()),
                ("NotIn", {"values": [CRITICAL]}, asking(),
                 asking(priorityClassName=CRITICAL)),
                ("Exists", {}, asking(priorityClassName=CRITICAL), asking()),
                ("DoesNotExist", {}, asking(), asking(priorityClassName=CRITICAL)),
            )
        ),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
async def test_a_scoped_quota_counts_its_pods_only(api: Api, spec: Json, counted: Json, not_counted: Json) -> None:
    await bound(api, spec=spec, pods="5")
    await api.post(PODS, {**counted, "metadata": {"name": "counted"}})
    assert await used(api) == {"pods": "1"}
    made = await api.post(PODS, {**not_counted, "metadata": {"name": "not-counted"}})
    assert (made.code, await used(api)) == (201, {"pods": "1"})


async def test_a_pod_that_gets_a_deadline_is_counted_by_the_other_quota(api: Api) -> None:
    await bound(api, "ends", spec={"scopes": ["Terminating"]}, pods="1")
    await api.post(PODS, pod("one"))
    await api.patch(f"{PODS}/one", {"spec": {"activeDeadlineSeconds": 10}})
    assert await used(api, "ends") == {"pods": "1"}
    await api.post(PODS, pod("two"))
    refused = await api.patch(f"{PODS}/two", {"spec": {"activeDeadlineSeconds": 10}})
    assert (refused.code, "exceeded quota: ends" in refused.message) == (403, True)


async def test_services_count_their_ports_and_balancers_also_when_they_change(api: Api) -> None:
    await bound(api, services="5", **{"services.nodeports": "1", "services.loadbalancers": "0"})
    assert (await api.post(SERVICES, service("web"))).code == 201
    assert await used(api) == {"services": "1", "services.nodeports": "0", "services.loadbalancers": "0"}
    assert (await api.patch(f"{SERVICES}/web", {"spec": {"type": "NodePort"}})).code == 200
    assert (await used(api))["services.nodeports"] == "1"
    refused = await api.post(SERVICES, service("other", type="NodePort"))
    assert "requested: services.nodeports=1, used: services.nodeports=1" in refused.message
    refused = await api.post(SERVICES, service("other", type="LoadBalancer", allocateLoadBalancerNodePorts=False))
    assert "requested: services.loadbalancers=1, used: services.loadbalancers=0" in refused.message


async def test_a_change_that_uses_no_more_is_not_counted(api: Api) -> None:
    await api.post(PODS, pod())
    await bound(api, used={"pods": "1"}, pods="0", **{"limits.cpu": "1"})
    assert (await api.patch(f"{PODS}/one", {"metadata": {"labels": {"a": "b"}}})).code == 200


async def test_quotas_are_shown(kubectl: Any, api: Api) -> None:
    await bound(api, used={"pods": "1"}, pods="2", **{"limits.cpu": "4"})
    shown = (await kubectl("get", "quota", "--no-headers")).split()
    assert shown[:4] == ["q", "pods:", "1/2", "limits.cpu:"]
    assert "limits.cpu  0     4" in await kubectl("describe", "quota", "q")
