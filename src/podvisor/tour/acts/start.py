"""`podvisor up`: from nothing to a node that is Ready, with the time of each step as the command tells it."""

import re
from pathlib import Path

from podvisor.tour.screen import Screen
from podvisor.tour.stage import podvisor

STEP = re.compile(r"(?P<name>.{14})  (?P<result>.*?) +(?P<seconds>[\d.]+) s")
READY = re.compile(r"ready after (?P<seconds>[\d.]+) s")


async def play(screen: Screen, data_dir: Path) -> bool:
    """Start the cluster. Whether it runs."""
    screen.act("A cluster starts: podvisor up --detach")
    done = await podvisor("up", "--data-dir", str(data_dir), "--port", "0", "--detach")
    for line in done.stdout.splitlines():
        if step := STEP.fullmatch(line):
            screen.row(True, step["name"].strip(), f"{float(step['seconds']):.2f} s", step["result"])
        elif ready := READY.match(line):
            screen.row(True, "the node is Ready", f"{float(ready['seconds']):.2f} s", "store, API, controllers, node")
    if done.exit_code:
        screen.row(False, "podvisor up", "", (done.stderr.splitlines() or [""])[-1])
    return not done.exit_code
