"""The end of a pod: grace periods, hooks, messages.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
"""

import asyncio

from pods.kit import CLOCK, NAMESPACE, Json, Pods, container, forever, has_ended, is_over, state, until_told
from podvisor import sdk

STUBBORN = "trap '' TERM; echo up; while :; do sleep 1000; done"


async def last(pods: Pods, name: str) -> asyncio.Task[Json]:
    """The pod as it was last seen, once it is gone."""
    key = sdk.Selection(NAMESPACE, fields=f"metadata.name={name}")
    listed = await pods.client.list(sdk.kinds.PODS.raw, key)

    async def follow() -> Json:
        async for change in pods.client.watch(sdk.kinds.PODS.raw, listed.metadata.resource_version, key):
            if isinstance(change, sdk.Changed) and change.type is sdk.WatchType.DELETED:
                return change.object
        raise AssertionError("the watch ended")

    return asyncio.create_task(follow())


async def code_after_delete(pods: Pods, name: str, grace: int | None = None) -> int:
    seen = await last(pods, name)
    await pods.delete(name, grace)
    async with CLOCK.timeout(20):
        return state(await seen)[1]["exitCode"]


async def test_deleted_pod_gets_sigterm_and_is_gone_when_it_ends(pods: Pods):
    name = await pods.up(container(until_told("exit 9")))
    assert await code_after_delete(pods, name) == 9


async def test_container_without_a_handler_dies_of_sigterm(pods: Pods):
    name = await pods.ready({"name": "main", "image": "host", "command": ["sleep", "infinity"]})
    assert await code_after_delete(pods, name) == 143


async def test_container_that_ignores_sigterm_is_killed(pods: Pods):
    name = await pods.up(container(STUBBORN))
    assert await code_after_delete(pods, name, grace=1) == 137


async def test_second_delete_shortens_the_grace_period(pods: Pods):
    name = await pods.up(container(STUBBORN), terminationGracePeriodSeconds=3600)
    await pods.delete(name)
    pod = await pods.until(name, lambda pod: pod["metadata"].get("deletionTimestamp"))
    assert pod["metadata"]["deletionGracePeriodSeconds"] == 3600
    assert "Terminating" in await pods.kubectl("get", "pod", name)
    assert await code_after_delete(pods, name, grace=1) == 137


async def test_forced_delete_is_at_once_and_leaves_nothing_running(pods: Pods):
    name = await pods.up(container(STUBBORN), terminationGracePeriodSeconds=3600)
    told = await pods.kubectl("delete", "pod", name, "--grace-period=0", "--force")
    assert "force deleted" in told
    await pods.gone(name)
    again = await pods.create(forever(), meta={"name": name})
    await pods.until(again, lambda pod: pod["status"].get("phase") == "Running")


async def test_pre_stop_hook_runs_before_sigterm(pods: Pods):
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "echo from the hook > /proc/1/fd/1; touch /stopped"]}}}
    name = await pods.up(container(until_told("test -e /stopped && exit 5; exit 6"), lifecycle=hook))
    assert await code_after_delete(pods, name) == 5


async def test_pre_stop_hook_that_fails_is_told_and_the_container_ends_all_the_same(pods: Pods):
    hook = {"preStop": {"exec": {"command": ["sh", "-c", "echo no; exit 3"]}}}
    name = await pods.up(forever(lifecycle=hook))
    assert await code_after_delete(pods, name) == 0
    assert (await pods.event(name, "FailedPreStopHook"))["message"].startswith("PreStopHook failed")


async def test_pre_stop_hook_that_takes_too_long_uses_up_the_grace_period(pods: Pods):
    hook = {"preStop": {"exec": {"command": ["sleep", "1000"]}}}
    name = await pods.up(forever(lifecycle=hook), terminationGracePeriodSeconds=1)
    assert await code_after_delete(pods, name) == 0
    assert await pods.event(name, "FailedPreStopHook")


async def test_post_start_hook_is_done_before_the_pod_is_ready(pods: Pods):
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "sleep 0.3; touch /done"]}}}
    name = await pods.up(forever(lifecycle=hook))
    assert (await pods.sh(name, "test -e /done")).code == 0


async def test_post_start_hook_that_fails_ends_the_container(pods: Pods):
    hook = {"postStart": {"exec": {"command": ["sh", "-c", "until test -e /up; do sleep 0.1; done; exit 3"]}}}
    pod = await pods.ended(container("trap 'exit 4' TERM; touch /up; sleep infinity & wait", lifecycle=hook))
    assert (pod["status"]["phase"], state(pod)[1]["exitCode"]) == ("Failed", 4)
    event = await pods.event(pod["metadata"]["name"], "FailedPostStartHook")
    assert "PostStartHook failed" in event["message"]
    assert (await pods.event(pod["metadata"]["name"], "Killing"))["message"] == "FailedPostStartHook"


async def test_termination_message_is_what_the_container_wrote(pods: Pods):
    pod = await pods.ended(container("echo last words > /dev/termination-log; echo not this; exit 1"))
    assert state(pod)[1]["message"] == "last words\n"


async def test_termination_message_may_be_elsewhere(pods: Pods):
    script = "echo words > /tmp/my-message"
    pod = await pods.ended(container(script, terminationMessagePath="/tmp/my-message"))
    assert state(pod)[1]["message"] == "words\n"


async def test_termination_message_is_cut_at_4096_bytes(pods: Pods):
    pod = await pods.ended(container("head -c 9000 /dev/zero | tr '\\0' x > /dev/termination-log"))
    assert state(pod)[1]["message"] == "x" * 4096


async def test_termination_message_falls_back_to_the_end_of_the_log_on_errors(pods: Pods):
    fallback = {"terminationMessagePolicy": "FallbackToLogsOnError"}
    failed = await pods.ended(container("seq 200; exit 1", **fallback))
    assert state(failed)[1]["message"] == "".join(f"{number}\n" for number in range(121, 201))
    fine = await pods.ended(container("seq 200", **fallback))
    assert "message" not in state(fine)[1]


async def test_the_end_of_the_log_as_a_message_is_what_was_written_to_the_byte(pods: Pods):
    pod = await pods.ended(container("printf DONE; exit 1", terminationMessagePolicy="FallbackToLogsOnError"))
    assert state(pod)[1]["message"] == "DONE"


async def test_killing_is_told(pods: Pods):
    name = await pods.up(forever())
    await pods.delete(name)
    event = await pods.event(name, "Killing")
    assert event["message"] == "Stopping container main"
    assert event["involvedObject"]["fieldPath"] == "spec.containers{main}"


async def test_finished_pod_is_gone_as_soon_as_it_is_deleted(pods: Pods):
    name = await pods.create(container("exit 0"), terminationGracePeriodSeconds=3600)
    await pods.until(name, is_over)
    await pods.delete(name)
    await pods.gone(name, 5)


async def test_deleted_pod_ends_by_its_exit_code_and_keeps_its_states_until_it_is_gone(pods: Pods):
    name = await pods.up(forever("a"), container(until_told("exit 3"), "b"))
    seen = await last(pods, name)
    await pods.delete(name)
    pod = await seen
    assert pod["status"]["phase"] == "Failed"
    assert (has_ended("a")(pod), state(pod, "b")[1]["exitCode"]) == (True, 3)
