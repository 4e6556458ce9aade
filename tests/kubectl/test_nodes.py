"""cordon, drain, taint: on a node that another test does not need."""

import pytest

from .conftest import Kubectl

NODE = """
apiVersion: v1
kind: Node
metadata: {name: spare, labels: {spare: "yes"}}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: one}
spec: {nodeName: spare, terminationGracePeriodSeconds: 0, containers: [{name: main, image: x}]}
"""


@pytest.fixture(autouse=True)
def spare(kubectl: Kubectl):
    kubectl("create", "-f", "-", given=NODE)
    yield
    kubectl("delete", "node", "spare")


def test_a_node_is_cordoned_and_tainted(kubectl: Kubectl) -> None:
    assert kubectl("cordon", "spare") == "node/spare cordoned\n"
    assert kubectl("cordon", "spare") == "node/spare already cordoned\n"
    assert "SchedulingDisabled" in kubectl("get", "node", "spare")
    assert kubectl("uncordon", "spare") == "node/spare uncordoned\n"
    assert kubectl("taint", "node", "spare", "k=v:NoSchedule") == "node/spare tainted\n"
    again = kubectl("taint", "node", "spare", "k=v:NoSchedule", code=1)
    assert again == "error: node spare already has k taint(s) with same effect(s) and --overwrite is false\n"
    assert kubectl("taint", "node", "spare", "k-") == "node/spare untainted\n"


def test_a_node_is_drained(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", given=POD)
    refused = kubectl("drain", "spare", code=1)
    assert "cannot delete cannot delete Pods that declare no controller (use --force to override)" in refused
    done = kubectl("drain", "spare", "--force", "--timeout=30s")
    assert done.endswith("pod/one evicted\nnode/spare drained\n")
    kubectl("get", "pod", "one", code=1)
