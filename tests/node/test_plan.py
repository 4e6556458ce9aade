"""What a node does next for a pod, by the pod's restart policy and its containers' states."""

from datetime import UTC, datetime, timedelta

from podvisor.node.plan import plan
from podvisor.node.states import Container, Terminated

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def pod(policy: str, *init: str) -> dict[str, object]:
    containers = {"restartPolicy": policy, "containers": [{"name": "main"}]}
    return {"metadata": {}, "spec": containers | {"initContainers": [{"name": name} for name in init]}}


def ended(name: str, code: int) -> Container:
    return Container(name).begun(NOW, "", probed=(False, False)).ended(Terminated(code, "", NOW, NOW))


def test_init_containers_start_one_after_the_other():
    found = {name: Container(name) for name in ("one", "two", "main")}
    assert plan(pod("Always", "one", "two"), found, NOW, NOW).start == ["one"]
    found["one"] = ended("one", 0)
    assert plan(pod("Always", "one", "two"), found, NOW, NOW).start == ["two"]


def test_pod_fails_when_an_init_container_fails_and_is_never_restarted():
    found = {"one": ended("one", 1), "main": Container("main")}
    assert plan(pod("Never", "one"), found, NOW, NOW).phase == "Failed"


def test_first_restart_is_at_once_and_the_second_waits_ten_seconds():
    once = ended("main", 1)
    assert plan(pod("Always"), {"main": once}, NOW, NOW).start == ["main"]
    twice = once.begun(NOW, "", probed=(False, False)).ended(Terminated(1, "", NOW, NOW))
    made = plan(pod("Always"), {"main": twice}, NOW, NOW)
    assert (made.start, made.wake) == ([], NOW + timedelta(seconds=10))


def test_pod_that_is_not_restarted_succeeds_or_fails_by_its_exit_code():
    assert plan(pod("Never"), {"main": ended("main", 0)}, NOW, NOW).phase == "Succeeded"
    assert plan(pod("Never"), {"main": ended("main", 3)}, NOW, NOW).phase == "Failed"
