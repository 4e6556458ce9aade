"""What a node does next for a pod, by the pod's restart policy and its containers' states."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from podvisor.node import objects
from podvisor.node.plan import Plan, plan
from podvisor.node.states import Container, Terminated
from podvisor.sdk.objects.meta import ObjectMeta

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def pod(policy: str, *init: str, sidecars: tuple[str, ...] = (), **more: object) -> objects.Pod:
    before = [objects.Container(name=name) for name in init]
    before += [objects.Container(name=name, restart_policy="Always") for name in sidecars]
    spec = objects.PodSpec(containers=[objects.Container(name="main")], init_containers=before, restart_policy=policy)
    return objects.Pod(metadata=ObjectMeta(**more), spec=spec)  # pyright: ignore[reportArgumentType]


def running(name: str, *, started: bool = True) -> Container:
    begun = Container(name).begun(NOW, name)
    return Container(name, begun.state, runs=1, started=started, ready=started)


def ended(name: str, code: int, when: datetime = NOW) -> Container:
    return Container(name).begun(NOW, name).over(Terminated(code, "", NOW, when))


def look(pod: objects.Pod, *containers: Container, now: datetime = NOW) -> Plan:
    known = {one.name: Container(one.name) for one in pod.every_container}
    return plan(pod, known | {one.name: one for one in containers}, now, NOW)


def test_init_containers_start_one_after_the_other():
    two = pod("Always", "one", "two")
    assert look(two).start == ["one"]
    assert look(two, running("one")).start == []
    assert look(two, ended("one", 0)).start == ["two"]
    assert look(two, ended("one", 0), ended("two", 0)).start == ["main"]


def test_pod_fails_when_an_init_container_fails_and_is_never_restarted():
    assert look(pod("Never", "one"), ended("one", 1)).phase == "Failed"


def test_failed_init_container_is_started_again_where_the_pod_is():
    assert look(pod("Always", "one"), ended("one", 1)).start == ["one"]


def lost(one: Container) -> Container:
    """After the end of the pod's kernel."""
    end = Terminated(137, "Error", NOW, NOW)
    return replace(one.over(end) if one.running else one, outdated=True, retry=None)


def test_init_containers_run_again_in_a_new_kernel_before_anything_else():
    two, main = pod("Always", "one", "two"), lost(running("main"))
    first, second = lost(ended("one", 0)), lost(ended("two", 0))
    assert look(two, first, second, main).start == ["one"]
    assert look(two, ended("one", 0), second, main).start == ["two"]
    assert look(two, running("one"), second, main).start == []
    assert look(two, ended("one", 0), ended("two", 0), main).start == ["main"]
    again = look(two, ended("one", 0), ended("two", 0), running("main"))
    assert (again.start, again.phase) == ([], "Running")


def test_phase_stays_running_while_init_containers_run_again():
    made = look(pod("Always", "one"), lost(ended("one", 0)), lost(running("main")))
    assert (made.start, made.phase, made.initialized) == (["one"], "Running", True)


def test_sidecars_and_init_containers_keep_their_order_in_a_new_kernel():
    mixed = pod("Always", "one", sidecars=("side",))
    side, main = lost(running("side")), lost(running("main"))
    assert look(mixed, lost(ended("one", 0)), side, main).start == ["one"]
    assert look(mixed, ended("one", 0), side, main).start == ["side"]
    assert look(mixed, ended("one", 0), running("side"), main).start == ["main"]


def test_pod_that_is_never_restarted_does_not_begin_anew_in_a_new_kernel():
    once = pod("Never", "one", "two")
    assert look(once, lost(ended("one", 0)), lost(ended("two", 0)), lost(running("main"))).phase == "Failed"
    assert look(once, lost(ended("one", 0))).start == ["two"]


def test_pod_of_which_all_has_succeeded_does_not_begin_anew_in_a_new_kernel():
    made = look(pod("OnFailure", "one"), lost(ended("one", 0)), lost(ended("main", 0)))
    assert (made.start, made.phase) == ([], "Succeeded")


def test_main_containers_wait_until_a_sidecar_has_started():
    beside = pod("Always", sidecars=("side",))
    assert look(beside).start == ["side"]
    assert look(beside, running("side", started=False)).start == []
    assert look(beside, running("side")).start == ["main"]


def test_sidecar_is_started_again_while_main_containers_run():
    assert look(pod("Never", sidecars=("side",)), ended("side", 0), running("main")).start == ["side"]


def test_sidecars_end_after_the_main_containers_and_the_last_one_first():
    beside = pod("Never", sidecars=("one", "two"))
    with_sidecars = (running("one"), running("two"))
    assert look(beside, *with_sidecars, ended("main", 0)).stop == ["two"]
    over = look(beside, running("one"), ended("two", 143), ended("main", 0))
    assert (over.stop, over.phase, over.done) == (["one"], "Running", False)
    over = look(beside, ended("one", 143), ended("two", 143), ended("main", 0))
    assert (over.stop, over.phase, over.done) == ([], "Succeeded", True)


def test_deletion_ends_main_containers_before_sidecars():
    beside = pod("Always", sidecars=("side",), deletion_timestamp=NOW)
    assert look(beside, running("side"), running("main")).stop == ["main"]
    assert look(beside, running("side"), ended("main", 143)).stop == ["side"]


def test_deleted_pod_ends_by_the_exit_codes_of_its_main_containers():
    deleted = pod("Always", deletion_timestamp=NOW)
    assert look(deleted, ended("main", 0)).phase == "Succeeded"
    assert look(deleted, ended("main", 137)).phase == "Failed"
    assert look(deleted).phase == "Failed"


def test_first_restart_is_at_once_and_the_second_waits_ten_seconds():
    once = ended("main", 1)
    assert look(pod("Always"), once).start == ["main"]
    twice = once.begun(NOW, "").over(Terminated(1, "", NOW, NOW))
    made = look(pod("Always"), twice)
    assert (made.start, made.wake) == ([], NOW + timedelta(seconds=10))


def test_pod_that_is_not_restarted_succeeds_or_fails_by_its_exit_code():
    assert look(pod("Never"), ended("main", 0)).phase == "Succeeded"
    assert look(pod("Never"), ended("main", 3)).phase == "Failed"
    assert look(pod("OnFailure"), ended("main", 3)).start == ["main"]


def test_pod_with_a_final_phase_never_starts_anything_again():
    final = pod("Always")
    final.status.phase = "Failed"
    made = look(final, ended("main", 0))
    assert (made.start, made.phase, made.done) == ([], "Failed", True)


def test_pod_fails_at_its_deadline_and_its_containers_are_ended():
    limited = pod("Always")
    limited.spec.active_deadline_seconds = 5
    assert look(limited, running("main")).wake == NOW + timedelta(seconds=5)
    made = look(limited, running("main"), now=NOW + timedelta(seconds=5))
    assert (made.phase, made.stop, made.deadline_exceeded) == ("Running", ["main"], True)
    made = look(limited, ended("main", 143), now=NOW + timedelta(seconds=6))
    assert (made.phase, made.done, made.deadline_exceeded) == ("Failed", True, True)


def test_end_before_the_deadline_is_the_pods_own():
    limited = pod("Never")
    limited.spec.active_deadline_seconds = 5
    later = NOW + timedelta(seconds=60)
    made = look(limited, ended("main", 0, NOW + timedelta(seconds=4)), now=later)
    assert (made.phase, made.deadline_exceeded) == ("Succeeded", False)
    made = look(limited, ended("main", 0, NOW + timedelta(seconds=5)), now=later)
    assert (made.phase, made.deadline_exceeded) == ("Failed", True)


def test_evicted_pod_ends_and_is_not_started_again():
    one = pod("Always")
    made = plan(one, {"main": running("main")}, NOW, NOW, evicted=True)
    assert (made.stop, made.start, made.done) == (["main"], [], False)
    made = plan(one, {"main": ended("main", 137)}, NOW, NOW, evicted=True)
    assert (made.stop, made.start, made.done, made.phase) == ([], [], True, "Failed")
