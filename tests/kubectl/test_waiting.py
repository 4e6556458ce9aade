"""wait, in its four forms."""

from .conftest import Kubectl


def test_for_a_condition(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=web:1")
    met = kubectl("wait", "--for=condition=Available", "deployment/web", "--timeout=30s")
    assert met == "deployment.apps/web condition met\n"
    kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=30s")
    late = kubectl("wait", "--for=condition=Colourful", "deployment/web", "--timeout=0.1s", code=1)
    assert late == "error: timed out waiting for the condition on deployments/web\n"


def test_for_a_value(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=web:1", "--replicas=2")
    assert "condition met" in kubectl(
        "wait", "--for=jsonpath={.status.readyReplicas}=2", "deployment/web", "--timeout=30s"
    )
    assert "condition met" in kubectl("wait", "--for=jsonpath={.status.replicas}", "deployment/web", "--timeout=30s")


def test_for_an_end_and_a_beginning(kubectl: Kubectl) -> None:
    kubectl("wait", "--for=delete", "configmap/none", "--timeout=5s")
    kubectl("create", "configmap", "one")
    assert kubectl("wait", "--for=create", "configmap/one", "--timeout=5s") == "configmap/one condition met\n"


def test_for_what_is_not_there(kubectl: Kubectl) -> None:
    missing = kubectl("wait", "--for=condition=Ready", "pod/none", "--timeout=1s", code=1)
    assert missing == 'Error from server (NotFound): pods "none" not found\n'
    nothing = kubectl("wait", "--for=condition=Ready", "pod", "-l", "no=such", "--timeout=1s", code=1)
    assert nothing == "error: no matching resources found\n"
