"""describe, explain, and what the server says about itself."""

from .conftest import Kubectl


def section(text: str, name: str) -> str:
    """The part of a description that begins with `name:`, up to the next part."""
    lines = text.splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith(f"{name}:"))
    rest = (place for place in range(start + 1, len(lines)) if not lines[place].startswith(" "))
    return "\n".join(lines[start : next(rest, len(lines))])


def test_a_pod(kubectl: Kubectl) -> None:
    kubectl.pod()
    kubectl("wait", "--for=create", "event", "--all", "--timeout=10s")
    text = kubectl("describe", "pod", "one")
    assert section(text, "Name").split() == ["Name:", "one"]
    assert section(text, "Node").split()[1] == "fake/127.0.0.1"
    assert section(text, "Status").split()[1] == "Running"
    assert section(text, "QoS Class").split()[2] == "BestEffort"
    assert "Image:          busybox:1" in section(text, "Containers")
    assert "PodScheduled      True" in section(text, "Conditions")
    assert "node.kubernetes.io/not-ready:NoExecute op=Exists for 300s" in section(text, "Tolerations")
    assert f"Successfully assigned {kubectl.namespace}/one to fake" in section(text, "Events")


def test_a_deployment_and_its_replica_set(kubectl: Kubectl) -> None:
    kubectl.deployment()
    kubectl("wait", "--for=create", "event", "--all", "--timeout=10s")
    text = kubectl("describe", "deployment", "web")
    assert "2 desired | 2 updated | 2 total | 2 available | 0 unavailable" in section(text, "Replicas")
    assert "25% max unavailable, 25% max surge" in section(text, "RollingUpdateStrategy")
    assert "MinimumReplicasAvailable" in section(text, "Conditions")
    assert "(2/2 replicas created)" in section(text, "NewReplicaSet")
    assert "Scaled up replica set web-" in section(text, "Events")
    of_set = kubectl("describe", "rs", "-l", "app=web")
    assert section(of_set, "Controlled By").endswith("Deployment/web")
    assert "2 Running / 0 Waiting / 0 Succeeded / 0 Failed" in section(of_set, "Pods Status")


def test_a_node(kubectl: Kubectl) -> None:
    text = kubectl("describe", "node", "fake")
    assert section(text, "Unschedulable").split() == ["Unschedulable:", "false"]
    assert "HolderIdentity:  fake" in section(text, "Lease")
    assert "KubeletReady" in section(text, "Conditions")
    assert "memory:             256Gi" in section(text, "Capacity")
    allocated = [line.split() for line in section(text, "Allocated resources").splitlines()]
    assert ["ephemeral-storage", "0", "(0%)", "0", "(0%)"] in allocated


def test_a_job_carries_the_labels_of_its_pods(kubectl: Kubectl) -> None:
    kubectl("create", "job", "work", "--image=x", "--", "true")
    text = kubectl("describe", "job", "work")
    assert "batch.kubernetes.io/job-name=work" in section(text, "Labels")
    assert section(text, "Backoff Limit").split()[-1] == "6"
    assert "Succeeded" in section(text, "Pods Statuses")


def test_a_service_names_what_stands_behind_it(kubectl: Kubectl) -> None:
    kubectl.deployment(replicas=1)
    kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080")
    kubectl("wait", "--for=jsonpath={.subsets[0].addresses[0].ip}=10.244.0.1", "endpoints/web", "--timeout=10s")
    kubectl("wait", "--for=jsonpath={.endpoints[0].addresses[0]}=10.244.0.1", "endpointslice", "--all", "--timeout=10s")
    text = kubectl("describe", "service", "web")
    assert section(text, "Selector").split()[1] == "app=web"
    assert section(text, "Endpoints").split() == ["Endpoints:", "10.244.0.1:8080"]


def test_other_kinds(kubectl: Kubectl) -> None:
    kubectl("create", "secret", "generic", "keys", "--from-literal=a=secret")
    assert "a:  6 bytes" in kubectl("describe", "secret", "keys")
    kubectl("create", "configmap", "settings", "--from-literal=a=plain")
    assert "plain" in kubectl("describe", "configmap", "settings")
    assert section(kubectl("describe", "namespace", kubectl.namespace), "Status").split()[1] == "Active"
    assert 'pods "none" not found' in kubectl("describe", "pod", "none", code=1)


def test_explaining_fields(kubectl: Kubectl) -> None:
    assert kubectl("explain", "deployment").startswith("GROUP:      apps\nKIND:       Deployment\nVERSION:    v1\n")
    surge = kubectl("explain", "deployment.spec.strategy.rollingUpdate.maxSurge")
    assert "FIELD: maxSurge <IntOrString>" in surge
    assert "Defaults to 25%" in surge
    deep = kubectl("explain", "pod.spec.affinity", "--recursive")
    assert "            key\t<string> -required-" in deep
    assert "RESOURCE: containers <[]Object>" in kubectl(
        "explain", "pod.spec.containers", "--output=plaintext-openapiv2"
    )
    assert 'field "colour" does not exist' in kubectl("explain", "pod.spec.colour", code=1)
    assert "the server doesn't have a resource type" in kubectl("explain", "gadget", code=1)


def test_what_the_server_has(kubectl: Kubectl) -> None:
    versions = kubectl("api-versions").split()
    assert {"v1", "apps/v1", "batch/v1", "coordination.k8s.io/v1", "events.k8s.io/v1"} <= set(versions)
    # nodes and pods of metrics.k8s.io come behind those of the core group.
    resources = {row[0]: row for row in reversed(kubectl.rows("api-resources", "-o", "wide"))}
    assert resources["deployments"][1:4] == ["deploy", "apps/v1", "true"]
    assert resources["nodes"][3] == "false"
    assert resources["pods"][5:] == ["create,delete,deletecollection,get,list,patch,update,watch", "all"]
    namespaced = kubectl("api-resources", "--namespaced=false", "--verbs=list", "-o", "name").split()
    assert {"namespaces", "nodes"} <= set(namespaced)
    assert "pods" not in namespaced
    assert "Server Version: v1.33" in kubectl("version")
    info = kubectl("cluster-info")
    assert "Kubernetes control plane is running at https://127.0.0.1:" in info


def test_who_one_is_and_what_one_may(kubectl: Kubectl) -> None:
    assert "Username    admin" in kubectl("auth", "whoami")
    assert kubectl("auth", "can-i", "delete", "pods") == "yes\n"
    assert "no" in kubectl("auth", "can-i", "delete", "pods", "--as=somebody", code=1)
    assert kubectl("auth", "can-i", "get", "pods", "--as=somebody", "--as-group=system:masters") == "yes\n"
    assert "*.*" in kubectl("auth", "can-i", "--list")
    refused = kubectl("get", "pods", "--as=somebody", code=1)
    assert 'pods is forbidden: User "somebody" cannot list resource "pods" in API group ""' in refused
