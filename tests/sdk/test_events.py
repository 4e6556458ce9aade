"""The recorder of events."""

from podvisor.sdk import events, kinds
from podvisor.sdk.objects import core


async def test_a_repeated_event_counts_up(api, client, clock):
    api.add(kinds.PODS, {"metadata": {"name": "p"}})
    pod: core.Pod = await client.get(kinds.PODS, "p", "default")
    recorder = events.Recorder(client, "scheduler", clock)
    recorder.normal(kinds.PODS, pod, "Scheduled", "assigned")
    recorder.warning(kinds.PODS, pod, "FailedScheduling", "no room")
    await recorder.flush()
    await clock.advance(5)
    recorder.warning(kinds.PODS, pod, "FailedScheduling", "no room")
    await recorder.flush()
    written = {event["reason"]: event for event in api.everything(kinds.EVENTS)}
    assert written["Scheduled"]["count"] == 1
    failed = written["FailedScheduling"]
    assert (failed["count"], failed["type"], failed["source"]) == (2, "Warning", {"component": "scheduler"})
    assert failed["involvedObject"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "namespace": "default",
        "name": "p",
        "uid": pod.metadata.uid,
    }
    assert failed["lastTimestamp"] > failed["firstTimestamp"]


async def test_events_are_named_in_their_order(api, client, clock):
    api.add(kinds.PODS, {"metadata": {"name": "p"}})
    pod: core.Pod = await client.get(kinds.PODS, "p", "default")
    recorder = events.Recorder(client, "kubelet", clock)
    reasons = ["Scheduled", "Pulled", "Created", "Started"]
    for reason in reasons:
        recorder.normal(kinds.PODS, pod, reason, "done")
    await recorder.flush()
    named = sorted(api.everything(kinds.EVENTS), key=lambda event: event["metadata"]["name"])
    assert [event["reason"] for event in named] == reasons


async def test_an_event_that_cannot_be_written_is_forgotten(api, client, clock):
    api.add(kinds.PODS, {"metadata": {"name": "p", "namespace": "gone"}})
    recorder = events.Recorder(client, "scheduler", clock)
    recorder.normal(kinds.PODS, api.everything(kinds.PODS)[0], "Scheduled", "assigned")
    await recorder.flush()
    assert api.everything(kinds.EVENTS) == []
