"""`podvisor down`: everything ends, pods included, and the machine is searched for what could be left."""

from podvisor.tour import traces
from podvisor.tour.screen import Step, Wrong
from podvisor.tour.stage import Stage, podvisor

REAPING = 2.0
"""Seconds that the machine has to reap what has been killed."""


async def play(stage: Stage, before: traces.Cgroups) -> None:
    """Stop the cluster while its pods run, and look for its traces."""
    screen, data_dir = stage.screen, stage.directory.root
    running, port = len(stage.processes()), int(stage.access.server.rpartition(":")[2])
    screen.act("And everything is gone: podvisor down")
    async with screen.step("the cluster stops, with all that runs in it") as step:
        step.note = f"{running} processes"
        done = await podvisor("down", "--data-dir", str(data_dir))
        if done.exit_code:
            raise Wrong(done.stderr)
        step.said = f"{running} processes ran"
    async with screen.step("no process is left") as step:
        await _all_ended(stage, step)
    for sort, found in traces.of(data_dir, before).items():
        screen.row(not found, f"no {sort}", "", ", ".join(found) or "none carries the cluster's name")
    screen.row(not traces.listens(port), "nobody listens any more", "", f"on port {port}")


async def _all_ended(stage: Stage, step: Step) -> None:
    """The machine may still have to reap what has been killed."""
    async with stage.clock.timeout(REAPING):
        while left := [one for one in stage.seen if one.is_there]:
            step.note = f"there are still {', '.join(f'{one.name} ({one.pid})' for one in left)}"
            await stage.clock.sleep(0.02)
    step.said = f"of {len(stage.seen)} that the tour has met"
