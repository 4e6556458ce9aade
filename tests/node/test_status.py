"""What a pod's status says."""

from datetime import UTC, datetime, timedelta
from typing import Any

from podvisor.node import objects, status
from podvisor.node.plan import plan
from podvisor.node.states import Container, Terminated, Waiting
from podvisor.sdk.objects.meta import Condition, ObjectMeta

NOW = datetime(2026, 1, 2, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def pod(policy: str = "Always", *init: objects.Container) -> objects.Pod:
    spec = objects.PodSpec(
        containers=[objects.Container(name="main")], init_containers=list(init), restart_policy=policy
    )
    return objects.Pod(metadata=ObjectMeta(name="web", namespace="shop", uid="u1"), spec=spec)


def told(of: objects.Pod, *containers: Container, now: datetime = NOW) -> dict[str, Any]:
    known = {one.name: Container(one.name) for one in of.every_container} | {one.name: one for one in containers}
    made = plan(of, known, now, NOW)
    return status.status(status.Seen(of, known, made, "10.0.0.2", "127.0.0.1", NOW, now, True))


def running(name: str = "main", *, ready: bool = True) -> Container:
    one = Container(name).begun(NOW, f"podvisor://u1/{name}/0")
    return Container(name, one.state, runs=1, container_id=one.container_id, ready=ready, started=True)


def crashed(times: int) -> Container:
    one = Container("main")
    for _ in range(times):
        one = one.begun(NOW, "id").over(Terminated(1, "Error", NOW, NOW, container_id="id"))
    return one


def conditions(made: dict[str, Any]) -> dict[str, str]:
    return {one["type"]: one["status"] for one in made["conditions"]}


def test_container_that_crashed_once_is_shown_as_it_ended():
    assert "terminated" in told(pod(), crashed(1))["containerStatuses"][0]["state"]


def test_container_that_waits_after_crashes_is_in_a_crash_loop():
    one = told(pod(), crashed(2))["containerStatuses"][0]
    assert one["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": "back-off 10s restarting failed container=main pod=web_shop(u1)",
    }
    assert (one["lastState"]["terminated"]["exitCode"], one["restartCount"]) == (1, 1)


def test_long_waits_are_told_in_minutes():
    message = told(pod(), crashed(5))["containerStatuses"][0]["state"]["waiting"]["message"]
    assert message.startswith("back-off 1m20s restarting")
    assert "5m0s" in told(pod(), crashed(9))["containerStatuses"][0]["state"]["waiting"]["message"]


def test_deleted_pod_is_in_no_crash_loop():
    deleted = pod()
    deleted.metadata.deletion_timestamp = NOW
    assert "terminated" in told(deleted, crashed(3))["containerStatuses"][0]["state"]


def test_unready_container_makes_the_pod_unready_by_name():
    made = told(pod(), running(ready=False))
    assert conditions(made)["Ready"] == "False"
    ready = next(one for one in made["conditions"] if one["type"] == "Ready")
    assert (ready["reason"], ready["message"]) == ("ContainersNotReady", "containers with unready status: [main]")


def test_readiness_gate_keeps_the_pod_unready_until_its_condition_is_true():
    gated = pod()
    gated.spec.readiness_gates = [objects.ReadinessGate("shop.example/open")]
    ready = next(one for one in told(gated, running())["conditions"] if one["type"] == "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "ReadinessGatesNotReady")
    assert ready["message"] == 'corresponding condition of pod readiness gate "shop.example/open" does not exist.'
    assert conditions(told(gated, running()))["ContainersReady"] == "True"
    gated.status.conditions = [Condition(type="shop.example/open", status="True")]
    assert conditions(told(gated, running()))["Ready"] == "True"


def test_condition_keeps_the_time_since_when_it_is_so():
    before = pod()
    before.status.conditions = [Condition(type="Ready", status="True", last_transition_time=NOW)]
    kept = next(one for one in told(before, running(), now=LATER)["conditions"] if one["type"] == "Ready")
    assert kept["lastTransitionTime"] == "2026-01-02T00:00:00Z"
    changed = next(one for one in told(before, running(ready=False), now=LATER)["conditions"] if one["type"] == "Ready")
    assert changed["lastTransitionTime"] == "2026-01-02T01:00:00Z"


def test_all_containers_of_a_pod_with_init_containers_say_that_it_initializes():
    made = told(pod("Always", objects.Container(name="first"), objects.Container(name="second")))
    states = [one["state"] for one in (*made["initContainerStatuses"], *made["containerStatuses"])]
    assert states == [{"waiting": {"reason": "PodInitializing"}}] * 3


def test_other_reasons_to_wait_are_told_as_they_are():
    held = Container("main", Waiting("ImagePullBackOff", "why"))
    made = told(pod("Always", objects.Container(name="first")), held)
    assert made["containerStatuses"][0]["state"] == {"waiting": {"reason": "ImagePullBackOff", "message": "why"}}


def test_pod_past_its_deadline_is_failed_when_nothing_runs_any_more():
    late = pod("Never")
    late.spec.active_deadline_seconds = 60
    assert told(late, running(), now=LATER)["phase"] == "Running"
    assert told(late, running(), now=LATER)["reason"] is None
    end = Container("main").begun(NOW, "id").over(Terminated(0, "Completed", NOW, LATER))
    made = told(late, end, now=LATER)
    assert (made["phase"], made["reason"]) == ("Failed", "DeadlineExceeded")


def test_status_and_conditions_say_which_generation_they_are_about():
    one = pod()
    one.metadata.generation = 3
    made = told(one, running())
    assert made["observedGeneration"] == 3
    assert {condition["observedGeneration"] for condition in made["conditions"]} == {3}
    assert told(pod(), running())["observedGeneration"] is None


def evicted(*containers: Container, disrupted: bool = True) -> dict[str, Any]:
    of, known = pod(), {one.name: one for one in containers}
    made = plan(of, known, NOW, NOW, evicted=True)
    why = status.Eviction("The node was low on resource: memory. ", 1, disrupted)
    return status.status(status.Seen(of, known, made, "10.0.0.2", "127.0.0.1", NOW, NOW, True, why))


def test_evicted_pod_is_failed_when_nothing_runs_any_more():
    ending = evicted(running())
    assert (ending["phase"], ending["reason"], conditions(ending)["DisruptionTarget"]) == ("Running", None, "True")
    over = evicted(crashed(1))
    assert (over["phase"], over["reason"], over["message"]) == (
        "Failed",
        "Evicted",
        "The node was low on resource: memory. ",
    )
    disruption = over["conditions"][-1]
    assert (disruption["reason"], disruption["message"]) == ("TerminationByKubelet", over["message"])


def test_pod_that_took_too_much_is_no_target_of_a_disruption():
    assert "DisruptionTarget" not in conditions(evicted(crashed(1), disrupted=False))
