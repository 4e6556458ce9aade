"""`podvisor run`: single programs, each in a kernel of its own, before there is any cluster."""

from dataclasses import dataclass

from podvisor.tour.screen import Screen, Wrong
from podvisor.tour.stage import podvisor

SERVER = """
import http.server as server, threading, urllib.request as client
here = server.ThreadingHTTPServer(("127.0.0.1", 8000), server.SimpleHTTPRequestHandler)
threading.Thread(target=here.serve_forever, daemon=True).start()
print("fetched", len(client.urlopen("http://127.0.0.1:8000/etc/passwd").read()) > 0)
"""


@dataclass(frozen=True, slots=True)
class Program:
    """A command, and what its output must contain."""

    title: str
    command: tuple[str, ...]
    expected: str


PROGRAMS = (
    Program("a pipeline", ("sh", "-c", "seq 1 1000 | grep 7 | wc -l"), "271"),
    Program("a trap and a background job", ("bash", "-c", "trap 'echo bye' EXIT; sleep 0 & wait $!"), "bye"),
    Program("python3: threads, a server and its client", ("/usr/bin/python3", "-c", SERVER), "fetched True"),
    Program("who am I, and where", ("sh", "-c", 'echo "user $(id -u), process $$ on $(uname -sr)"'), "user 0"),
)


async def play(screen: Screen) -> bool:
    """Run each of them. Whether any did what it should: where none does, no pod will run either."""
    before = screen.failures
    screen.act("Programs, each in a kernel of its own: podvisor run")
    for program in PROGRAMS:
        async with screen.step(program.title) as step:
            done = await podvisor("run", "--", *program.command)
            if done.exit_code or program.expected not in done.stdout:
                raise Wrong(f"exit code {done.exit_code}: {done.stderr or done.stdout}")
            step.said = done.stdout
    return screen.failures - before < len(PROGRAMS)
