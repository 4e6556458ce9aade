"""Logs and exec: looking into a pod that runs."""

from podvisor.tour.acts import web
from podvisor.tour.screen import Wrong
from podvisor.tour.stage import Stage


async def play(stage: Stage) -> None:
    """Read a server's log, and run commands beside it."""
    screen, hands = stage.screen, stage.hands
    screen.act("Logs and exec")
    name = (await web.pods(stage))[0].metadata.name
    async with screen.step("logs of a web server") as step:
        said = await hands.logs(name, "server")
        if "GET / HTTP/1.1" not in said:
            raise Wrong(f"no request is in {said!r}")
        step.said = said.splitlines()[-1]
    async with screen.step("exec: its processes, its kernel") as step:
        done = await hands.execute(name, ["sh", "-c", "uname -nsr; echo $(cat /proc/[0-9]*/comm)"])
        if name not in done.stdout:
            raise Wrong(done.stdout + done.stderr)
        step.said = done.stdout
    async with screen.step("exec: exit codes come back") as step:
        done = await hands.execute(name, ["sh", "-c", "echo to stderr >&2; exit 7"])
        if done.exit_code != 7 or "to stderr" not in done.stderr:
            raise Wrong(f"exit code {done.exit_code}, {done.stderr}")
        step.said = "exit code 7, and stderr apart from stdout"
