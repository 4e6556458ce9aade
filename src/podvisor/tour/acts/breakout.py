"""A container that tries to get out (breakout.yaml), and what our kernel answered to each attempt.

What it looks for is there: a file of the user who runs the tour, a process, and a server on the machine's loopback
and on its own address, all named to the container. None of them may be reached.
"""

import os
import socket
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from podvisor import sdk
from podvisor.tour.acts.pods import noted
from podvisor.tour.hands import NAMESPACE
from podvisor.tour.screen import Wrong
from podvisor.tour.stage import Stage

REACHED = "REACHED"


@dataclass(frozen=True, slots=True)
class Bait:
    """What there is to be reached on this machine, and the server that nobody should reach."""

    facts: Mapping[str, str]
    server: socket.socket

    @property
    def config_map(self) -> Mapping[str, object]:
        """Names it all to the container."""
        return {"metadata": {"name": "machine"}, "data": self.facts}

    def caller(self) -> str:
        """The address of one who has connected to the server; empty if nobody has."""
        try:
            connection, address = self.server.accept()
        except BlockingIOError:
            return ""
        connection.close()
        return str(address[0])


async def play(stage: Stage) -> None:
    """Lay out the bait, let the container try, and tell every answer."""
    screen = stage.screen
    screen.act("A container that tries to get out (breakout.yaml), and what our kernel answered")
    with bait() as laid:
        async with screen.step("it has made its attempts") as step:
            await stage.client.create(sdk.kinds.CONFIGMAPS, laid.config_map, NAMESPACE)
            await stage.apply("breakout")
            pod = await stage.until(sdk.kinds.PODS, "breakout", lambda pod: noted(pod, step))
            told = answers(await stage.hands.logs("breakout", "prisoner"))
            for title, answer in told.items():
                screen.row(REACHED not in answer, title, "", answer)
            if pod.status.phase != "Succeeded" or not told:
                raise Wrong(f"{pod.status.phase} {pod.status.message}")
            step.said = f"{len(told)}, and none reached anything"
        async with screen.step("nobody has called on the machine's server") as step:
            if caller := laid.caller():
                raise Wrong(f"{caller} has")
            step.said = f"it listened on port {laid.facts['HOST_PORT']}"


def answers(log: str) -> Mapping[str, str]:
    """What the kernel said, by attempt."""
    rows = (line.partition("\t") for line in log.splitlines())
    return {title: answer for title, tab, answer in rows if tab}


@contextmanager
def bait() -> Generator[Bait]:
    """Lay out a file of this user, this process, and a server on every address of the machine."""
    with (
        socket.create_server(("", 0)) as server,
        tempfile.NamedTemporaryFile(dir=_home(), prefix=".podvisor-demo-") as secret,
    ):
        server.setblocking(False)
        secret.write(b"the container must not read this\n")
        secret.flush()
        facts = {
            "HOST_FILE": secret.name,
            "HOST_PID": str(os.getpid()),
            "HOST_PORT": str(server.getsockname()[1]),
            "HOST_ADDRESS": _address(),
        }
        yield Bait(facts, server)


def _home() -> Path | None:
    """The user's home directory, if it can be written; otherwise the place for temporary files."""
    home = Path.home()
    return home if os.access(home, os.W_OK) else None


def _address() -> str:
    """This machine's address in its network, as far as it has one; asking sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
            return asking.getsockname()[0]
        except OSError:
            return "127.0.0.1"
