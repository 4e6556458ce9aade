"""run, scale, set, rollout, label, annotate, patch, expose."""

from .conftest import Kubectl


def template(kubectl: Kubectl, path: str) -> str:
    return kubectl("get", "deployment", "web", "-o", f"jsonpath={{.spec.template.spec.containers[0]{path}}}")


def rolled_out(kubectl: Kubectl) -> None:
    text = kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert text.endswith('deployment "web" successfully rolled out\n')


def revisions(kubectl: Kubectl) -> list[str]:
    rows = kubectl.rows("rollout", "history", "deployment/web")
    assert rows[1] == ["REVISION", "CHANGE-CAUSE"]
    return [row[0] for row in rows[2:] if row]


def test_run(kubectl: Kubectl) -> None:
    command = ("--image=busybox:1", "--env=A=b", "--port=80", "--labels=x=y", "--restart=Never", "--", "sleep", "1")
    assert kubectl("run", "one", *command) == "pod/one created\n"
    shown = "{.spec.restartPolicy} {.spec.containers[0].args} {.spec.containers[0].env[0].name} {.metadata.labels.x}"
    assert kubectl("get", "pod", "one", "-o", f"jsonpath={shown}") == 'Never ["sleep","1"] A y'
    again = kubectl("run", "one", "--image=x", code=1)
    assert again == 'Error from server (AlreadyExists): pods "one" already exists\n'


def test_scale(kubectl: Kubectl) -> None:
    kubectl.deployment()
    assert kubectl("scale", "deployment/web", "--replicas=3") == "deployment.apps/web scaled\n"
    kubectl("wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=3", "--timeout=30s")
    wrong = kubectl("scale", "deployment/web", "--replicas=2", "--current-replicas=9", code=1)
    assert wrong == "error: Expected replicas to be 9, was 3\n"
    missing = kubectl("scale", "deployment/none", "--replicas=2", code=1)
    assert 'deployments.apps "none" not found' in missing
    kubectl("patch", "deployment", "web", "--subresource=scale", "--type=merge", "-p", '{"spec":{"replicas":1}}')
    kubectl("wait", "deployment/web", "--for=jsonpath={.status.replicas}=1", "--timeout=30s")


def test_set(kubectl: Kubectl) -> None:
    kubectl.deployment()
    assert kubectl("set", "image", "deployment/web", "web=web:2") == "deployment.apps/web image updated\n"
    assert kubectl("set", "env", "deployment/web", "A=b") == "deployment.apps/web env updated\n"
    assert kubectl("set", "env", "deployment/web", "--list") == "# Deployment web, container web\nA=b\n"
    kubectl("set", "env", "deployment/web", "A-")
    kubectl("set", "resources", "deployment/web", "--limits=cpu=200m,memory=512Mi")
    assert template(kubectl, ".image") == "web:2"
    assert template(kubectl, ".env") == ""
    assert template(kubectl, ".resources.limits") == '{"cpu":"200m","memory":"512Mi"}'
    unknown = kubectl("set", "image", "deployment/web", "other=x", code=1)
    assert 'unable to find container named "other"' in unknown


def test_rollouts_are_followed_undone_and_remembered(kubectl: Kubectl) -> None:
    kubectl.deployment()
    kubectl("set", "image", "deployment/web", "web=web:2")
    kubectl("annotate", "deployment/web", "kubernetes.io/change-cause=second")
    rolled_out(kubectl)
    assert revisions(kubectl) == ["1", "2"]
    assert "web:1" in kubectl("rollout", "history", "deployment/web", "--revision=1")
    assert kubectl("rollout", "undo", "deployment/web") == "deployment.apps/web rolled back\n"
    rolled_out(kubectl)
    assert template(kubectl, ".image") == "web:1"
    assert revisions(kubectl) == ["2", "3"]
    kubectl("rollout", "undo", "deployment/web", "--to-revision=2")
    rolled_out(kubectl)
    assert template(kubectl, ".image") == "web:2"
    missing = kubectl("rollout", "undo", "deployment/web", "--to-revision=99", code=1)
    assert missing == "error: unable to find specified revision 99 in history\n"


def test_rollouts_restart_pause_and_resume(kubectl: Kubectl) -> None:
    kubectl.deployment()
    before = set(kubectl("get", "pods", "-o", "name").split())
    assert kubectl("rollout", "restart", "deployment/web") == "deployment.apps/web restarted\n"
    rolled_out(kubectl)
    kubectl("wait", "--for=delete", *before, "--timeout=30s")
    assert kubectl("rollout", "pause", "deployment/web") == "deployment.apps/web paused\n"
    assert kubectl("rollout", "pause", "deployment/web", code=1) == 'error: deployments.apps "web" is already paused\n'
    refused = kubectl("rollout", "restart", "deployment/web", code=1)
    assert "can't restart paused deployment" in refused
    assert kubectl("rollout", "resume", "deployment/web") == "deployment.apps/web resumed\n"
    rolled_out(kubectl)


def test_label_and_annotate(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "one")
    assert kubectl("label", "configmap", "one", "a=b") == "configmap/one labeled\n"
    assert kubectl("label", "configmap", "one", "a=c", code=1) == (
        "error: 'a' already has a value (b), and --overwrite is false\n"
    )
    assert kubectl("label", "configmap", "one", "a=c", "--overwrite") == "configmap/one labeled\n"
    assert kubectl("label", "configmap", "one", "a-") == "configmap/one unlabeled\n"
    assert kubectl("annotate", "configmap", "one", "note=x") == "configmap/one annotated\n"
    assert kubectl("get", "configmap", "one", "-o", "jsonpath={.metadata.annotations}") == '{"note":"x"}'
    assert "must consist of alphanumeric characters" in kubectl("annotate", "configmap", "one", "bad key=x", code=1)


def test_patch_in_three_ways(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=web:1")
    strategic = (
        '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:2"},{"name":"b","image":"b"}]}}}}'
    )
    assert kubectl("patch", "deployment", "web", "-p", strategic) == "deployment.apps/web patched\n"
    assert kubectl("patch", "deployment", "web", "-p", strategic) == "deployment.apps/web patched (no change)\n"
    images = "jsonpath={.spec.template.spec.containers[*].image}"
    assert set(kubectl("get", "deployment", "web", "-o", images).split()) == {"web:2", "b"}
    merge = '{"metadata":{"labels":{"a":"b","app":null}}}'
    kubectl("patch", "deployment", "web", "--type=merge", "-p", merge)
    assert kubectl("get", "deployment", "web", "-o", "jsonpath={.metadata.labels}") == '{"a":"b"}'
    steps = '[{"op":"test","path":"/spec/replicas","value":1},{"op":"replace","path":"/spec/replicas","value":4}]'
    kubectl("patch", "deployment", "web", "--type=json", "-p", steps)
    assert kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "4"


def test_expose(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=web:1", "--port=80")
    assert kubectl("expose", "deployment", "web", "--target-port=8080") == "service/web exposed\n"
    header, row = kubectl.rows("get", "service", "-o", "wide")
    assert header == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"]
    assert row[:2] + row[3:5] + row[6:] == ["web", "ClusterIP", "<none>", "80/TCP", "app=web"]
