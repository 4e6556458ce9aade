"""CronJobs start Jobs by the clock."""

from datetime import UTC, datetime, timedelta

import pytest

from podvisor import sdk
from podvisor.controllers import cronjobplan
from podvisor.sdk import kinds
from podvisor.sdk.objects import batch
from podvisor.sdk.objects.meta import ObjectMeta, seconds

from .conftest import template

KEY = sdk.Key("default", "backup")


def cronjob(schedule: str = "*/5 * * * *", **spec) -> dict:
    base = {
        "schedule": schedule,
        "concurrencyPolicy": "Allow",
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"template": template()}},
    }
    return {"metadata": {"name": "backup"}, "spec": base | spec}


@pytest.fixture
async def world(running):
    async with running("cronjob") as world:
        yield world


async def create(world, schedule: str = "*/5 * * * *", **spec) -> None:
    await world.client.create(kinds.CRONJOBS, cronjob(schedule, **spec), "default")
    await world.settle()


async def pass_minutes(world, minutes: int) -> None:
    for _ in range(minutes):
        await world.clock.advance(60)
        await world.settle()


async def finish(world, name: str, condition: str = "Complete") -> None:
    now = seconds(world.clock.now())
    ended = {"conditions": [{"type": condition, "status": "True", "lastTransitionTime": now}], "startTime": now}
    if condition == "Complete":
        ended["completionTime"] = now
    await world.client.patch(kinds.JOBS, sdk.Key("default", name), {"status": ended}, sdk.STATUS)
    await world.settle()


def status(world) -> dict:
    return world.one(kinds.CRONJOBS, "backup")["status"]


async def test_a_job_starts_when_it_is_due_and_not_before(world):
    await create(world)
    assert world.names(kinds.JOBS) == []
    await pass_minutes(world, 6)
    (job,) = world.api.everything(kinds.JOBS)
    moment = datetime.fromisoformat(job["metadata"]["annotations"][cronjobplan.SCHEDULED].replace("Z", "+00:00"))
    assert moment.minute % 5 == 0
    assert job["metadata"]["name"] == f"backup-{int(moment.timestamp()) // 60}"
    assert job["metadata"]["labels"] == {"a": "b"}
    assert job["metadata"]["ownerReferences"][0]["kind"] == "CronJob"
    assert [one["name"] for one in status(world)["active"]] == [job["metadata"]["name"]]
    assert status(world)["lastScheduleTime"] == seconds(moment)
    await pass_minutes(world, 5)
    assert len(world.names(kinds.JOBS)) == 2


async def test_a_job_that_ended_is_noted(world):
    await create(world)
    await pass_minutes(world, 6)
    (name,) = world.names(kinds.JOBS)
    await finish(world, name)
    assert "active" not in status(world)
    assert status(world)["lastSuccessfulTime"]
    assert world.messages("SawCompletedJob") == [f"Saw completed job: {name}, condition: Complete"]


async def test_a_suspended_one_starts_nothing(world):
    await create(world, suspend=True)
    await pass_minutes(world, 11)
    assert world.names(kinds.JOBS) == []


async def test_forbid_waits_for_the_one_before(world):
    await create(world, concurrencyPolicy="Forbid")
    await pass_minutes(world, 12)
    (name,) = world.names(kinds.JOBS)
    assert len(world.messages("JobAlreadyActive")) >= 1
    await finish(world, name)
    await pass_minutes(world, 5)
    assert len(world.names(kinds.JOBS)) == 2


async def test_replace_deletes_the_one_before(world):
    await create(world, concurrencyPolicy="Replace")
    await pass_minutes(world, 6)
    (first,) = world.names(kinds.JOBS)
    await pass_minutes(world, 5)
    (second,) = world.names(kinds.JOBS)
    assert first != second
    assert [one["name"] for one in status(world)["active"]] == [second]


async def test_ended_jobs_are_kept_as_many_as_it_says(world):
    await create(world, "* * * * *", successfulJobsHistoryLimit=2, failedJobsHistoryLimit=1)
    ended: set[str] = set()
    for number in range(6):
        await pass_minutes(world, 1)
        for name in set(world.names(kinds.JOBS)) - ended:
            await finish(world, name, "Failed" if number % 2 else "Complete")
            ended.add(name)
    await world.settle()
    kept = [cronjobplan.outcome(job) for job in await listed(world)]
    assert (kept.count("Complete"), kept.count("Failed")) == (2, 1)


async def listed(world) -> list[batch.Job]:
    return list((await world.client.list(kinds.JOBS)).items)


async def test_a_schedule_that_cannot_be_read_is_said(world):
    await create(world, "61 * * * *")
    await create_other(world, timeZone="Nowhere/Land")
    assert world.names(kinds.JOBS) == []
    assert world.messages("UnparseableSchedule")[0].startswith('unparseable schedule: "61 * * * *"')
    assert world.messages("UnknownTimeZone") == ['invalid timeZone: "Nowhere/Land": unknown time zone Nowhere/Land']


async def create_other(world, **spec) -> None:
    thing = cronjob(**spec)
    thing["metadata"]["name"] = "other"
    await world.client.create(kinds.CRONJOBS, thing, "default")
    await world.settle()


async def test_a_run_that_is_there_already_is_not_started_twice(world):
    """The status was lost after the Job was made, as when this process is killed in between."""
    await create(world)
    await pass_minutes(world, 6)
    (name,) = world.names(kinds.JOBS)
    await world.client.patch(kinds.CRONJOBS, KEY, {"status": {"lastScheduleTime": None, "active": None}}, sdk.STATUS)
    await world.settle()
    assert world.names(kinds.JOBS) == [name]
    assert [one["name"] for one in status(world)["active"]] == [name]


def wanted(schedule: str, last: datetime, **spec) -> batch.CronJob:
    return batch.CronJob(
        metadata=ObjectMeta(name="backup", creation_timestamp=last),
        spec=batch.CronJobSpec(schedule=schedule, **spec),
        status=batch.CronJobStatus(last_schedule_time=last),
    )


LAST = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("later", "time", "many"),
    [
        (timedelta(seconds=59), None, False),
        (timedelta(minutes=1), timedelta(minutes=1), False),
        (timedelta(minutes=7, seconds=30), timedelta(minutes=7), False),
        (timedelta(days=3, seconds=10), timedelta(days=3), True),
    ],
)
def test_the_last_run_that_was_missed_is_due(later, time, many):
    due = cronjobplan.due(wanted("* * * * *", LAST), LAST + later)
    assert due.time == (LAST + time if time is not None else None)
    assert due.next is not None
    assert due.next > LAST + later
    assert due.many_missed == many


def test_a_deadline_forgets_what_is_older():
    job = wanted("0 * * * *", LAST, starting_deadline_seconds=600)
    assert cronjobplan.due(job, LAST + timedelta(minutes=65)).time == LAST + timedelta(hours=1)
    assert cronjobplan.due(job, LAST + timedelta(minutes=75)).time is None


def test_every_counts_from_the_last_run():
    due = cronjobplan.due(wanted("@every 90m", LAST), LAST + timedelta(hours=4))
    assert (due.time, due.next) == (LAST + timedelta(hours=3), LAST + timedelta(hours=4, minutes=30))
