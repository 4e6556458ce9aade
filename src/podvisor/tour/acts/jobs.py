"""A Job: six pieces of work, three at a time, to their end."""

from podvisor import sdk
from podvisor.sdk.objects.batch import Job
from podvisor.tour.hands import NAMESPACE
from podvisor.tour.screen import Wrong
from podvisor.tour.stage import Stage

PRIMES = "1229\n"
"""How many primes there are below 10,000."""


async def play(stage: Stage) -> None:
    """Run it, and compare what its pods found."""
    stage.screen.act("A Job (job.yaml)")
    async with stage.screen.step("six completions, three at a time") as step:
        most: list[int] = [0]

        def is_done(job: Job) -> bool:
            step.note = f"{job.status.succeeded} of 6 done, {job.status.active} at work"
            most.append(job.status.active)
            return any(one.type in ("Complete", "Failed") and one.status == "True" for one in job.status.conditions)

        await stage.apply("job")
        job = await stage.until(sdk.kinds.JOBS, "primes", is_done)
        if job.status.succeeded != 6 or max(most) > 3:
            raise Wrong(f"{job.status.succeeded} succeeded, {job.status.failed} failed, {max(most)} at a time")
        step.said = f"6 succeeded, at most {max(most)} at a time"
    async with stage.screen.step("each counted the primes below 10,000") as step:
        pods = await stage.client.list(sdk.kinds.PODS, sdk.Selection(NAMESPACE, labels="job-name=primes"))
        said = [await stage.hands.logs(pod.metadata.name, "count") for pod in pods.items]
        if said != [PRIMES] * 6:
            raise Wrong(f"they said {said}")
        step.said = f"{PRIMES.strip()}, six times"
