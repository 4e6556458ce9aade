"""delete: grace, force, cascades, selections."""

from .conftest import Kubectl


def uids(kubectl: Kubectl, kind: str) -> set[str]:
    return set(kubectl("get", kind, "-o", "jsonpath={.items[*].metadata.uid}").split())


def test_pods_with_grace_and_by_force(kubectl: Kubectl) -> None:
    for name in ("slow", "fast", "forced", "one"):
        kubectl("run", name, "--image=x")
    assert kubectl("delete", "pod", "slow", "--grace-period=1") == 'pod "slow" deleted\n'
    assert kubectl("delete", "pod", "fast", "--now") == 'pod "fast" deleted\n'
    forced = kubectl("delete", "pod", "forced", "--force")
    assert forced.startswith("Warning: Immediate deletion does not wait for confirmation")
    assert forced.endswith('pod "forced" force deleted\n')
    assert kubectl("delete", "pods", "--all", "--wait=false") == 'pod "one" deleted\n'


def test_what_is_not_there(kubectl: Kubectl) -> None:
    gone = 'Error from server (NotFound): configmaps "none" not found\n'
    assert kubectl("delete", "configmap", "none", code=1) == gone
    assert kubectl("delete", "configmap", "none", "--ignore-not-found") == ""
    unnamed = kubectl("delete", "pod", code=1)
    assert unnamed == "error: resource(s) were provided, but no name was specified\n"


def test_cascades_take_or_leave_the_dependents(kubectl: Kubectl) -> None:
    kubectl.deployment()
    pods = uids(kubectl, "pods")
    assert kubectl("delete", "deployment", "web", "--cascade=orphan") == 'deployment.apps "web" deleted\n'
    assert uids(kubectl, "pods") == pods
    kubectl("delete", "rs", "-l", "app=web", "--cascade=foreground")
    assert uids(kubectl, "pods") == set()
    kubectl.deployment("other")
    kubectl("delete", "deployment", "other")
    kubectl("wait", "--for=delete", "rs,pods", "-l", "app=other", "--timeout=30s")


def test_a_selection(kubectl: Kubectl) -> None:
    for name in ("a", "b", "c"):
        kubectl("create", "configmap", name)
    kubectl("label", "configmap", "a", "b", "drop=yes")
    assert kubectl("delete", "configmap", "-l", "drop=yes").splitlines() == [
        'configmap "a" deleted',
        'configmap "b" deleted',
    ]
    assert kubectl("delete", "configmap", "--field-selector=metadata.name=c") == 'configmap "c" deleted\n'


def test_a_namespace_goes_with_all_that_is_in_it(kubectl: Kubectl) -> None:
    kubectl.deployment()
    deleted = kubectl("delete", "namespace", kubectl.namespace, "--timeout=60s")
    assert deleted.endswith(f'namespace "{kubectl.namespace}" deleted\n')
    refused = kubectl("create", "configmap", "late", code=1)
    assert refused == f'error: failed to create configmap: namespaces "{kubectl.namespace}" not found\n'


def test_a_namespace_that_ends_takes_nothing_new(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "held")
    kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":["example.com/hold"]}}')
    kubectl("delete", "namespace", kubectl.namespace, "--wait=false")
    assert "Terminating" in kubectl("get", "namespace", kubectl.namespace)
    assert "because it is being terminated" in kubectl("create", "configmap", "late", code=1)
    kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    kubectl("wait", "--for=delete", f"namespace/{kubectl.namespace}", "--timeout=60s")


def test_the_first_namespaces_stay(kubectl: Kubectl) -> None:
    refused = 'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted\n'
    assert kubectl("delete", "namespace", "default", code=1).endswith(refused)
