"""Which pods a node rejects."""

import msgspec
import pytest

from podvisor.node import admission, objects


def pod(**spec: object) -> objects.Pod:
    raw = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "main"}], **spec}}
    return msgspec.convert(raw, objects.Pod)


def test_ordinary_pod_is_taken():
    assert admission.refusal(pod()) is None


@pytest.mark.parametrize("field", ["hostNetwork", "hostPID", "hostIPC"])
def test_namespace_of_the_machine_is_refused_by_its_field(field: str):
    refusal = admission.refusal(pod(**{field: True}))
    assert refusal is not None
    assert refusal.reason == f"Unsupported{field[0].upper()}{field[1:]}"
    assert refusal.message.startswith(f"spec.{field}: ")


def test_privileged_init_container_is_refused_by_its_name():
    one = {"name": "first", "securityContext": {"privileged": True}}
    refusal = admission.refusal(pod(initContainers=[one]))
    assert refusal is not None
    assert refusal.message.startswith("container first: securityContext.privileged: ")
