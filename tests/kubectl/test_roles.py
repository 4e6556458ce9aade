"""kubectl auth, and roles and bindings by kubectl create."""

from kubectl.conftest import Kubectl

ROBOT = "--as=system:serviceaccount:default:robot"


def test_a_role_is_made_bound_and_asked_about(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "list", "pods", ROBOT, code=1) == "no\n"
    made = kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods,deployments.apps")
    assert made == "role.rbac.authorization.k8s.io/reader created\n"
    kubectl("create", "rolebinding", "robot", "--role=reader", "--serviceaccount=default:robot")
    assert kubectl("auth", "can-i", "list", "pods", ROBOT) == "yes\n"
    assert kubectl("auth", "can-i", "get", "deployments.apps", ROBOT) == "yes\n"
    assert kubectl("auth", "can-i", "delete", "pods", ROBOT, code=1) == "no\n"
    assert kubectl("auth", "can-i", "list", "pods", "-n", "kube-system", ROBOT, code=1) == "no\n"
    assert "pods" in kubectl("auth", "can-i", "--list", ROBOT)
    refused = kubectl("delete", "pod", "none", ROBOT, code=1)
    assert 'User "system:serviceaccount:default:robot" cannot delete resource "pods"' in refused
    described = kubectl("describe", "role", "reader")
    assert "deployments.apps  []                 []              [get list]" in described
    assert kubectl.rows("get", "rolebinding", "robot")[1][:2] == ["robot", "Role/reader"]


def test_cluster_roles_can_be_given_to_users_and_groups(kubectl: Kubectl) -> None:
    kubectl("create", "clusterrole", "viewer", "--verb=get", "--resource=nodes")
    kubectl("create", "clusterrolebinding", "viewer", "--clusterrole=viewer", "--group=visitors")
    visitor = ("--as=jane", "--as-group=visitors")
    assert "yes" in kubectl("auth", "can-i", "get", "nodes", *visitor)
    assert "fake" in kubectl("get", "node", "fake", *visitor)
    assert "no" in kubectl("auth", "can-i", "get", "nodes", "--as=jane", code=1)


def test_auth_reconcile_brings_roles_up_to_date(kubectl: Kubectl) -> None:
    rule = "rules:\n- verbs: [get]\n  apiGroups: ['']\n  resources: [{}]\n"
    head = "kind: Role\napiVersion: rbac.authorization.k8s.io/v1\nmetadata:\n  name: kept\n  namespace: default\n"
    kubectl("auth", "reconcile", "-n", "default", "-f", "-", given=head + rule.format("pods"))
    kubectl("auth", "reconcile", "-n", "default", "-f", "-", given=head + rule.format("secrets"))
    described = kubectl("describe", "role", "kept", "-n", "default")
    assert "pods" in described
    assert "secrets" in described


def test_an_aggregated_role_follows_its_parts(kubectl: Kubectl) -> None:
    label = "rbac.authorization.k8s.io/aggregate-to-view=true"
    part = kubectl(
        "create", "clusterrole", "view-nodes", "--verb=list", "--resource=nodes", "--dry-run=client", "-oyaml"
    )
    kubectl("apply", "-f", "-", given=part)
    kubectl("label", "clusterrole", "view-nodes", label)
    kubectl("create", "clusterrolebinding", "ann", "--clusterrole=view", "--user=ann")
    nodes = '{.rules[?(@.resources[0]=="nodes")].verbs[0]}'
    kubectl("wait", "clusterrole/admin", f"--for=jsonpath={nodes}=list", "--timeout=9s")
    assert "yes" in kubectl("auth", "can-i", "list", "nodes", "--as=ann")
    assert kubectl("auth", "can-i", "get", "secrets", "--as=ann", code=1) == "no\n"
