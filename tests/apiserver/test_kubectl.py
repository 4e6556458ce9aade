"""An unmodified kubectl against the server."""

import orjson

from apiserver.conftest import Kubectl

CONFIGMAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data: {a: "1"}
"""
NAMESPACE = """
apiVersion: v1
kind: Namespace
metadata: {name: team}
"""
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "nginx:1.27", ports: [{containerPort: 80}]}
"""


async def test_creates_reads_and_deletes(kubectl: Kubectl) -> None:
    assert "configmap/one created" in await kubectl("create", "-f", "-", given=CONFIGMAP)
    assert "one" in await kubectl("get", "configmaps")
    assert await kubectl("get", "cm", "one", "-o", "jsonpath={.data.a}") == "1"
    assert 'configmap "one" deleted' in await kubectl("delete", "cm", "one")
    assert "not found" in await kubectl("get", "cm", "one", code=1)


async def test_applies_again_and_again(kubectl: Kubectl) -> None:
    assert "deployment.apps/web created" in await kubectl("apply", "-f", "-", given=DEPLOYMENT)
    assert "deployment.apps/web unchanged" in await kubectl("apply", "-f", "-", given=DEPLOYMENT)
    changed = DEPLOYMENT.replace("1.27", "1.28")
    assert "1.28" in await kubectl("diff", "-f", "-", given=changed, code=1)
    assert "deployment.apps/web configured" in await kubectl("apply", "-f", "-", given=changed)
    shown = orjson.loads(await kubectl("get", "deployment", "web", "-o", "json"))
    assert shown["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:1.28"
    assert shown["metadata"]["generation"] == 2


async def test_describes_scales_patches_and_labels(kubectl: Kubectl) -> None:
    await kubectl("apply", "-f", "-", given=DEPLOYMENT)
    assert "RollingUpdate" in await kubectl("describe", "deployment", "web")
    await kubectl("scale", "deployment", "web", "--replicas=5")
    assert await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}") == "5"
    patch = '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"x:1"}]}}}}'
    await kubectl("patch", "deployment", "web", "-p", patch)
    assert await kubectl("get", "deploy", "web", "-o", "jsonpath={..image}") == "x:1"
    await kubectl("patch", "deployment", "web", "--type=json", "-p", '[{"op":"remove","path":"/metadata/labels/app"}]')
    await kubectl("label", "deployment", "web", "tier=front")
    assert "tier=front" in await kubectl("get", "deploy", "--show-labels", "-l", "tier in (front)")
    await kubectl("annotate", "deployment", "web", "note=x")
    await kubectl("set", "image", "deployment/web", "web=y:2")
    await kubectl("set", "env", "deployment/web", "A=b")
    assert "No resources found" in await kubectl("get", "deploy", "-l", "tier=back")


async def test_explains_and_lists_what_there_is(kubectl: Kubectl) -> None:
    assert "maxSurge" in await kubectl("explain", "deployment.spec.strategy.rollingUpdate")
    assert "deployments" in await kubectl("api-resources", "--verbs=list", "-o", "name")
    assert "apps/v1" in await kubectl("api-versions")
    assert "Server Version: v1.33" in await kubectl("version")
    assert "is running at" in await kubectl("cluster-info")


async def test_refuses_what_it_does_not_know(kubectl: Kubectl) -> None:
    unknown = DEPLOYMENT.replace("replicas:", "replicaz:")
    assert 'unknown field "spec.replicaz"' in await kubectl("apply", "-f", "-", given=unknown, code=1)
    wrong = DEPLOYMENT.replace("replicas: 3", "replicas: many")
    refusal = await kubectl("create", "-f", "-", "--validate=false", given=wrong, code=1)
    assert "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32" in refusal


async def test_runs_a_pod_that_waits_for_a_node(kubectl: Kubectl) -> None:
    await kubectl("run", "one", "--image=busybox", "--labels=a=b", "--", "sleep", "1")
    assert "Pending" in await kubectl("get", "pods", "-o", "wide")
    assert "BestEffort" in await kubectl("describe", "pod", "one")
    await kubectl("wait", "pod/one", "--for=jsonpath={.status.phase}=Pending", "--timeout=10s")
    assert await kubectl("get", "pods", "--field-selector=status.phase=Pending", "-o", "name") == "pod/one\n"
    assert "deleted" in await kubectl("delete", "pod", "one", "--wait")


async def test_namespaces_wait_for_their_end(kubectl: Kubectl) -> None:
    await kubectl("create", "-f", "-", given=NAMESPACE)
    await kubectl("delete", "namespace", "team", "--wait=false")
    assert "Terminating" in await kubectl("get", "ns", "team")
    refusal = await kubectl("create", "-n", "team", "-f", "-", given=CONFIGMAP, code=1)
    assert "because it is being terminated" in refusal
    assert "may not be deleted" in await kubectl("delete", "namespace", "default", code=1)


async def test_dry_run_stores_nothing(kubectl: Kubectl) -> None:
    assert "(server dry run)" in await kubectl("create", "--dry-run=server", "-f", "-", given=CONFIGMAP)
    assert "not found" in await kubectl("get", "configmap", "one", code=1)


async def test_creates_what_kubectl_sends_as_protobuf(kubectl: Kubectl) -> None:
    await kubectl("create", "namespace", "team")
    await kubectl("create", "configmap", "one", "--from-literal=a=1", "-n", "team")
    await kubectl("create", "secret", "generic", "two", "--from-literal=b=2", "-n", "team")
    await kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2", "--port=80", "-n", "team")
    await kubectl("create", "job", "work", "--image=busybox", "-n", "team", "--", "true")
    await kubectl("create", "serviceaccount", "robot", "-n", "team")
    assert await kubectl("get", "secret", "two", "-n", "team", "-o", "jsonpath={.data.b}") == "Mg=="
    shown = await kubectl("get", "deploy", "web", "-n", "team", "-o", "jsonpath={.spec.replicas} {..containerPort}")
    assert shown == "2 80"
    assert "0/1" in await kubectl("get", "jobs", "-n", "team")
