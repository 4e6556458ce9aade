"""The roles and bindings that every cluster begins with, beside Kubernetes' own.

`bootstrap_policy.txt` has a line for each role and binding of `bootstrappolicy` in k8s.io/kubernetes v1.33.5: kind,
namespace, name, and a digest of what `facts` gives for it, printed by a Go program that imports that package.
"""

import hashlib
from pathlib import Path
from typing import Any

import orjson

from apiserver.conftest import Api
from podvisor.apiserver import Api as Server
from podvisor.apiserver import Settings, access
from podvisor.apiserver.bootstrap import reconciling, roles
from podvisor.base.clock import SystemClock
from podvisor.store.backend import Backend

RBAC = "/apis/rbac.authorization.k8s.io/v1"
CLUSTER_ROLES, CLUSTER_BINDINGS = f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings"
RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}


def facts(item: Any) -> str:
    metadata = item["metadata"]
    known = {"labels": metadata["labels"], "annotations": metadata["annotations"]}
    known |= {name: item[name] for name in ("aggregationRule", "roleRef", "subjects") if item.get(name)}
    if "rules" in item and "aggregationRule" not in item:
        known["rules"] = item["rules"]
    digest = hashlib.sha256(orjson.dumps(known, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    return f"{item['kind']} {metadata.get('namespace', '-')} {metadata['name']} {digest}"


def test_all_of_upstreams_policy_is_there_and_little_else() -> None:
    upstream = set((Path(__file__).parent / "bootstrap_policy.txt").read_text().splitlines())
    ours = {facts(item) for item in (*roles.roles(), *roles.bindings())}
    assert upstream - ours == set()
    assert {line.split()[2] for line in ours - upstream} == {
        *("podvisor:controllers", "system:aggregated-metrics-reader")
    }


async def test_every_cluster_begins_with_it(api: Api) -> None:
    stored = [item for path in (CLUSTER_ROLES, CLUSTER_BINDINGS) for item in (await api.get(path)).body["items"]]
    names = {item["metadata"]["name"] for item in stored}
    assert {item["metadata"]["name"] for item in roles.roles() if item["kind"] == "ClusterRole"} <= names
    view = (await api.get(f"{CLUSTER_ROLES}/view")).body
    assert view["metadata"]["labels"]["rbac.authorization.k8s.io/aggregate-to-edit"] == "true"
    assert not any("secrets" in rule["resources"] for rule in view["rules"])


async def test_a_start_adds_what_is_lacking_and_takes_nothing(api: Api, store: Backend) -> None:
    mine = role("system:discovery", RULE)
    mine["metadata"]["labels"] = {"mine": "yes"}
    await api.put(f"{CLUSTER_ROLES}/system:discovery", mine)
    frozen = role("system:monitoring", RULE)
    frozen["metadata"]["annotations"] = {"rbac.authorization.kubernetes.io/autoupdate": "false"}
    await api.put(f"{CLUSTER_ROLES}/system:monitoring", frozen)
    path = f"{CLUSTER_BINDINGS}/system:discovery"
    await api.patch(path, {"subjects": None})
    async with Server(Settings(), store, access.Access([]), SystemClock()).running():
        pass
    found = (await api.get(f"{CLUSTER_ROLES}/system:discovery")).body
    assert found["rules"][0] == RULE
    assert any("/apis" in rule.get("nonResourceURLs", ()) for rule in found["rules"])
    assert found["metadata"]["labels"] == {"mine": "yes", "kubernetes.io/bootstrapping": "rbac-defaults"}
    assert (await api.get(f"{CLUSTER_ROLES}/system:monitoring")).body["rules"] == [RULE]
    assert len((await api.get(path)).body["subjects"]) == 1


async def test_a_binding_to_another_role_is_made_anew(api: Api, store: Backend) -> None:
    path = f"{CLUSTER_BINDINGS}/system:basic-user"
    bound = (await api.get(path)).body
    await api.delete(path)
    ref = bound["roleRef"] | {"name": "cluster-admin"}
    wrong = {"metadata": {"name": "system:basic-user"}, "roleRef": ref, "subjects": bound["subjects"]}
    assert (await api.post(CLUSTER_BINDINGS, wrong)).code == 201
    async with Server(Settings(), store, access.Access([]), SystemClock()).running():
        pass
    assert (await api.get(path)).body["roleRef"] == bound["roleRef"]


def test_a_selector_that_lacks_is_added_beside_others() -> None:
    wanted = next(item for item in roles.roles() if item["metadata"]["name"] == "view")
    other = {"matchLabels": {"my": "label"}}
    stored = {**wanted, "aggregationRule": {"clusterRoleSelectors": [other]}, "rules": []}
    found = reconciling.reconciled(stored, wanted)
    assert found["aggregationRule"]["clusterRoleSelectors"] == [
        other,
        *wanted["aggregationRule"]["clusterRoleSelectors"],
    ]
    assert found["rules"] == []


def role(name: str, *rules: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "rules": list(rules)}


async def test_a_start_writes_where_the_server_listens_only_if_that_has_changed(api: Api, store: Backend) -> None:
    path = "/api/v1/namespaces/default/endpoints/kubernetes"

    async def started(settings: Settings) -> Any:
        async with Server(settings, store, access.Access([]), SystemClock()).running():
            return (await api.get(path)).body

    before = (await api.get(path)).body
    assert await started(Settings()) == before
    after = await started(Settings(external_address="127.0.0.1:7443"))
    assert after["subsets"][0]["ports"][0]["port"] == 7443
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
