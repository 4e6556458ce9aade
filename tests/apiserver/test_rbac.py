"""Who may do what, by roles and bindings."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from apiserver import authority
from apiserver.conftest import Api
from apiserver.samples import MAPS, PODS, config_map, pod

RBAC = "/apis/rbac.authorization.k8s.io/v1"
CLUSTER_ROLES, CLUSTER_BINDINGS = f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings"
ROLES, BINDINGS = f"{RBAC}/namespaces/default/roles", f"{RBAC}/namespaces/default/rolebindings"
READER = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["configmaps"]}
JANE = {"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}

As = Callable[..., Awaitable[Api]]


@pytest.fixture
async def become(address: str, ca: authority.Authority, tmp_path: Path) -> AsyncGenerator[As]:
    """A client of a user with groups."""
    async with AsyncExitStack() as stack:

        async def client(user: str, *groups: str) -> Api:
            connector = aiohttp.TCPConnector(ssl=ca.client_context(tmp_path, user, *(groups or ("people",))))
            return Api(await stack.enter_async_context(aiohttp.ClientSession(connector=connector)), address)

        yield client


def role(name: str, *rules: Any, **content: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "rules": list(rules), **content}


def binding(name: str, kind: str, to: str, *subjects: Any) -> dict[str, Any]:
    ref = {"kind": kind, "name": to, "apiGroup": "rbac.authorization.k8s.io"}
    return {"metadata": {"name": name}, "roleRef": ref, "subjects": list(subjects)}


async def test_a_role_allows_what_it_lists_where_it_is_bound(api: Api, become: As) -> None:
    jane = await become("jane", "developers")
    assert (await jane.get(MAPS)).code == 403
    assert (await api.post(ROLES, role("reader", READER))).code == 201
    assert (await api.post(BINDINGS, binding("b", "Role", "reader", JANE))).code == 201
    assert (await jane.get(MAPS)).code == 200
    assert (await jane.get("/api/v1/namespaces/kube-system/configmaps")).code == 403
    assert (await jane.get("/api/v1/configmaps")).code == 403
    assert (await jane.post(MAPS, config_map("a"))).code == 403
    await api.put(f"{ROLES}/reader", role("reader", READER | {"verbs": ["get", "list", "create"]}))
    assert (await jane.post(MAPS, config_map("a"))).code == 201
    await api.delete(f"{BINDINGS}/b")
    assert (await jane.get(MAPS)).code == 403


async def test_a_cluster_role_is_given_everywhere_or_in_a_namespace(api: Api, become: As) -> None:
    group = JANE | {"kind": "Group", "name": "developers"}
    jane, joe = await become("jane", "developers"), await become("joe")
    await api.post(CLUSTER_ROLES, role("reader", READER))
    await api.post(BINDINGS, binding("b", "ClusterRole", "reader", JANE | {"name": "joe"}))
    assert ((await joe.get(MAPS)).code, (await joe.get("/api/v1/configmaps")).code) == (200, 403)
    await api.post(CLUSTER_BINDINGS, binding("b", "ClusterRole", "reader", group))
    assert ((await jane.get(MAPS)).code, (await jane.get("/api/v1/configmaps")).code) == (200, 200)


@pytest.mark.parametrize(
    ("rule", "may", "may_not"),
    [
        ({"resourceNames": ["a"]}, [f"{MAPS}/a", f"{MAPS}?fieldSelector=metadata.name%3Da"], [MAPS, f"{MAPS}/b"]),
        ({"resources": ["pods/log"]}, [f"{PODS}/one/log"], [PODS, f"{PODS}/one/status"]),
        ({"resources": ["*/status"]}, [f"{PODS}/one/status"], [PODS]),
        ({"apiGroups": ["apps"], "resources": ["*"]}, ["/apis/apps/v1/namespaces/default/deployments"], [PODS]),
        ({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, [MAPS, PODS, f"{PODS}/one/status"], ["/metrics"]),
    ],
    ids=str,
)
async def test_rules_match_as_upstream(
    api: Api, become: As, rule: dict[str, Any], may: list[str], may_not: list[str]
) -> None:
    jane = await become("jane")
    await api.post(CLUSTER_ROLES, role("some", READER | rule))
    await api.post(CLUSTER_BINDINGS, binding("some", "ClusterRole", "some", JANE))
    assert {path: (await jane.get(path)).code == 403 for path in may + may_not} == (
        dict.fromkeys(may, False) | dict.fromkeys(may_not, True)
    )


async def test_paths_are_allowed_by_rules_of_their_own(api: Api, become: As) -> None:
    jane = await become("jane")
    assert ((await jane.get("/apis")).code, (await jane.get("/metrics")).code) == (200, 403)
    monitor = await become("prom", "system:monitoring")
    assert (await monitor.get("/metrics")).code == 200


async def test_an_account_has_the_roles_of_its_bindings_only(api: Api) -> None:
    account = {"Impersonate_User": "system:serviceaccount:default:robot"}
    assert (await api.get(MAPS, **account)).code == 403
    assert (await api.get("/apis", **account)).code == 200
    await api.post(ROLES, role("reader", READER))
    subject = {"kind": "ServiceAccount", "name": "robot", "namespace": "default"}
    await api.post(BINDINGS, binding("b", "Role", "reader", subject))
    assert (await api.get(MAPS, **account)).code == 200
    question = {"spec": {"resourceAttributes": {"verb": "get", "resource": "configmaps", "namespace": "default"}}}
    answer = await api("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", question, **account)
    assert answer.body["status"] == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "default/b" of Role "reader" to ServiceAccount "robot/default"',
    }


@pytest.fixture
async def manager(api: Api, become: As) -> Api:
    """Somebody who may write roles and bindings and read ConfigMaps, and no more."""
    writes = {"verbs": ["*"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"]}
    writes["verbs"] = ["create", "update", "patch", "get"]
    await api.post(CLUSTER_ROLES, role("manager", writes, READER))
    await api.post(BINDINGS, binding("manager", "ClusterRole", "manager", JANE | {"name": "boss"}))
    return await become("boss")


async def test_nobody_gives_what_he_does_not_have(manager: Api) -> None:
    assert (await manager.post(ROLES, role("mine", READER | {"verbs": ["get"]}))).code == 201
    more = READER | {"verbs": ["get", "delete", "watch"], "resources": ["configmaps", "secrets"]}
    refused = await manager.post(ROLES, role("more", more))
    assert (refused.code, refused.message) == (
        403,
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "boss" (groups=["people" "system:authenticated"]) '
        "is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["delete" "watch"]}\n'
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete" "watch"]}',
    )
    assert (await manager.put(f"{ROLES}/mine", role("mine", more))).code == 403
    assert (await manager.patch(f"{ROLES}/mine", {"metadata": {"labels": {"a": "b"}}})).code == 200
    bound = await manager.post(BINDINGS, binding("up", "ClusterRole", "cluster-admin", JANE))
    assert (bound.code, 'Verbs:["*"]' in bound.message) == (403, True)
    assert (await manager.post(BINDINGS, binding("same", "Role", "mine", JANE))).code == 201
    lost = await manager.post(BINDINGS, binding("none", "Role", "none", JANE))
    assert (lost.code, lost.message) == (404, 'roles.rbac.authorization.k8s.io "none" not found')


async def test_who_may_escalate_or_bind_may(api: Api, manager: Api) -> None:
    group = {"apiGroups": ["rbac.authorization.k8s.io"]}
    escalate = group | {"verbs": ["escalate"], "resources": ["roles"]}
    bind = group | {"verbs": ["bind"], "resources": ["clusterroles"], "resourceNames": ["view"]}
    await api.post(CLUSTER_ROLES, role("more", escalate, bind))
    await api.post(BINDINGS, binding("more", "ClusterRole", "more", JANE | {"name": "boss"}))
    assert (await manager.post(ROLES, role("r", READER | {"verbs": ["*"]}))).code == 201
    assert (await manager.post(BINDINGS, binding("v", "ClusterRole", "view", JANE))).code == 201
    assert (await manager.post(BINDINGS, binding("e", "ClusterRole", "edit", JANE))).code == 403


async def test_a_binding_stays_with_its_role(api: Api) -> None:
    await api.post(BINDINGS, binding("b", "ClusterRole", "view", JANE))
    changed = await api.put(f"{BINDINGS}/b", binding("b", "ClusterRole", "edit", JANE))
    assert (changed.code, "cannot change roleRef" in changed.message) == (422, True)


async def test_rules_can_be_reviewed(api: Api, become: As) -> None:
    jane = await become("jane")
    await api.post(BINDINGS, binding("b", "ClusterRole", "view", JANE))
    review = {"spec": {"namespace": "default"}}
    answer = await jane.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review)
    found = [rule for rule in answer.body["status"]["resourceRules"] if "endpointslices" in rule["resources"]]
    assert found == [
        {"verbs": ["get", "list", "watch"], "apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"]}
    ]


NODES, LEASES = "/api/v1/nodes", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
SECRETS = "/api/v1/namespaces/default/secrets"


@pytest.fixture
async def node(api: Api, become: As) -> Api:
    """The node n1, with a pod that shows a Secret; a second pod is on n2."""
    for name in ("n1", "n2"):
        await api.post(NODES, {"metadata": {"name": name}})
    await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    for name in ("shown", "pulled", "other"):
        await api.post(SECRETS, {"metadata": {"name": name}})
    volumes = [{"name": "v", "projected": {"sources": [{"secret": {"name": "shown"}}]}}]
    await api.post(PODS, pod(volumes=volumes, imagePullSecrets=[{"name": "pulled"}]))
    await api.post(PODS, pod() | {"metadata": {"name": "two"}})
    await api.post(f"{PODS}/one/binding", {"target": {"name": "n1"}})
    await api.post(f"{PODS}/two/binding", {"target": {"name": "n2"}})
    return await become("system:node:n1", "system:nodes")


async def test_a_node_reads_what_its_pods_need(node: Api) -> None:
    may = [f"{SECRETS}/shown", f"{SECRETS}/pulled", f"{SECRETS}?fieldSelector=metadata.name%3Dshown", f"{PODS}/one"]
    may += ["/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", f"{NODES}/n1", "/api/v1/services"]
    may += ["/apis/discovery.k8s.io/v1/endpointslices"]
    may_not = [SECRETS, f"{SECRETS}/other", "/api/v1/secrets", f"{PODS}/two", "/api/v1/pods", f"{NODES}/n2", NODES]
    may_not += ["/api/v1/pods?fieldSelector=spec.nodeName%3Dn2", "/api/v1/limitranges", CLUSTER_ROLES]
    assert {path: (await node.get(path)).code for path in may + may_not} == (
        dict.fromkeys(may, 200) | dict.fromkeys(may_not, 403)
    )


async def test_a_node_writes_about_itself_and_its_pods(node: Api) -> None:
    status = {"status": {"phase": "Running"}}
    assert (await node.patch(f"{PODS}/one/status", status)).code == 200
    assert (await node.patch(f"{PODS}/two/status", status)).code == 403
    labelled = await node.patch(f"{PODS}/one/status", {"metadata": {"labels": {"app": "web"}}})
    assert (labelled.code, "cannot update labels through pod status" in labelled.message) == (403, True)
    assert (await node.patch(f"{PODS}/one", {"metadata": {"labels": {"a": "b"}}})).code == 403
    assert (await node.delete(f"{PODS}/two")).code == 403
    assert (await node.delete(f"{PODS}/one", {"gracePeriodSeconds": 0})).code == 200
    assert (await node.post(LEASES, {"metadata": {"name": "n1"}})).code == 201
    assert (await node.post(LEASES, {"metadata": {"name": "n2"}})).code == 403
    assert (await node.patch(f"{NODES}/n1/status", {"status": {"nodeInfo": {}}})).code == 200
    assert (await node.patch(f"{NODES}/n2/status", {"status": {}})).code == 403
    assert (await node.post(NODES, {"metadata": {"name": "n3"}})).code == 403
    assert (await node.delete(f"{NODES}/n1")).code == 403


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"spec": {"taints": [{"key": "a", "effect": "NoExecute"}]}}, 'node "n1" is not allowed to modify taints'),
        (
            {"metadata": {"labels": {"node-restriction.kubernetes.io/secure": "yes"}}},
            "is not allowed to modify labels: node-restriction.kubernetes.io/secure",
        ),
        (
            {"metadata": {"labels": {"node-role.kubernetes.io/control-plane": ""}}},
            "is not allowed to modify labels: node-role.kubernetes.io/control-plane",
        ),
    ],
)
async def test_a_node_says_nothing_of_itself_that_draws_pods(node: Api, change: Any, why: str) -> None:
    refused = await node.patch(f"{NODES}/n1", change)
    assert (refused.code, refused.message) == (403, f'nodes "n1" is forbidden: {why}')
    fine = {"metadata": {"labels": {"kubernetes.io/arch": "amd64", "rack": "7"}}}
    assert (await node.patch(f"{NODES}/n1", fine)).code == 200


async def test_a_node_can_become_nobody_else(node: Api) -> None:
    assert (await node.get(SECRETS, Impersonate_User="admin", Impersonate_Group="system:masters")).code == 403
    assert (await node.post(CLUSTER_BINDINGS, binding("b", "ClusterRole", "cluster-admin", JANE))).code == 403
    assert (await node.get("/api/v1/namespaces/kube-system/configmaps")).code == 403
