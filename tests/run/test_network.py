"""What a single sandbox has of the network: nothing, what is named, and what leads into it."""

import os
import random
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress

import click
import pytest

from harness.runners import podvisor
from network.test_egress import own_address
from podvisor.cli import outside
from podvisor.cli.main import Failure
from podvisor.cli.outside import Allowed, Network, Published, decide
from podvisor.network.egress import Bounds
from podvisor.network.policy import Block, Rule, Rules

CONNECT = """
import errno, socket, sys
for place in sys.argv[1:]:
    host, port = place.rsplit(":", 1)
    with socket.socket() as one:
        one.settimeout(5)
        try:
            one.connect((host, int(port)))
            print("connected")
        except TimeoutError:
            print("timed out")
        except socket.gaierror:
            print("no such name")
        except OSError as error:
            print(errno.errorcode[error.errno])
"""


def ran(*flags: str, places: Sequence[str]) -> list[str]:
    """How connecting to each of these places goes in a sandbox of these flags."""
    words = [podvisor(), "run", *flags, "--", "/usr/bin/python3", "-c", CONNECT, *places]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


def test_a_sandbox_reaches_nothing_unless_it_is_said_and_then_only_that():
    own = own_address()
    with socket.create_server((own, 0)) as server, socket.create_server((own, 0)) as other:
        place, beside = (f"{own}:{one.getsockname()[1]}" for one in (server, other))
        assert ran(places=[place]) == ["ENETUNREACH"]
        assert ran("--network", "outside", places=[place, "169.254.169.254:80"]) == ["ENETUNREACH", "ENETUNREACH"]
        assert ran("--allow", f"{own}/32", places=[place, beside, "192.0.2.1:80"]) == [
            "connected",
            "connected",
            "ENETUNREACH",
        ]
        assert ran("--allow", place, places=[place, "198.51.100.1:80"]) == ["connected", "ENETUNREACH"]


def test_a_port_of_the_machine_leads_into_a_sandbox():
    while True:
        port = random.randrange(10000, 30000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            break
    serve = """
import socket
server = socket.create_server(("0.0.0.0", 80))
print("listening", flush=True)
one, peer = server.accept()
one.sendall(f"hello {peer[0]}".encode())
one.close()
"""
    words = [podvisor(), "run", "--publish", f"{port}:80", "--", "/usr/bin/python3", "-c", serve]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "listening\n"
        with socket.create_connection(("127.0.0.1", port), 20) as one:
            assert one.makefile().read() == "hello 10.42.0.1"
        assert running.wait(20) == 0


def test_a_port_that_somebody_has_is_said():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = [podvisor(), "run", "--publish", f"{port}:80", "--", "/bin/true"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (
            125,
            f"podvisor: --publish 127.0.0.1:{port}: Address already in use\n",
        )


def test_names_are_looked_up_once_and_stand_in_the_sandboxes_hosts(monkeypatch: pytest.MonkeyPatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in ("192.0.2.7", "192.0.2.8")]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *_: found)
    decided = decide(None, [Allowed(name="index.example", port=443), Allowed(network="10.0.0.0/8")], [])
    at_port = Rule(blocks=(Block("192.0.2.7/32"), Block("192.0.2.8/32")), ports=(("TCP", 443, 443),))
    assert decided == Network(
        Bounds(("192.0.2.7/32", "192.0.2.8/32", "10.0.0.0/8"), outside.CLUSTER),
        Rules(egress=(at_port, Rule(blocks=(Block("10.0.0.0/8"),)))),
        [("192.0.2.7", "index.example"), ("192.0.2.8", "index.example")],
        published=[],
    )


@pytest.mark.parametrize("answer", ["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "240.0.0.1", "192.0.0.192"])
def test_a_name_does_not_lead_to_the_machine_itself_whoever_answers_for_it(
    monkeypatch: pytest.MonkeyPatch, answer: str
):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answer, 0))]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *_: found)
    with pytest.raises(Failure, match=f"it is {answer}, which is not outside"):
        decide(None, [Allowed(name="rebound.example", port=80)], [])


def test_a_name_does_not_lead_to_an_address_of_the_machine(monkeypatch: pytest.MonkeyPatch):
    own = own_address()
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (own, 0))]
    monkeypatch.setattr(outside.socket, "getaddrinfo", lambda *_: found)
    with pytest.raises(Failure, match="which is not outside"):
        decide(None, [Allowed(name="rebound.example", port=80)], [])


def test_flags_that_contradict_one_another_are_refused():
    with pytest.raises(click.UsageError, match="--network none that nothing is"):
        decide("none", [Allowed(network="10.0.0.0/8")], [])
    assert decide(None, [], []) == decide("none", [], []) == Network(published=[])
    assert not decide("none", [], []).is_needed
    published = decide("none", [], [Published("127.0.0.1", 8080, 80)])
    assert (published.bounds, published.rules, published.addresses) == (Bounds(), None, (outside.ADDRESS,))


@pytest.mark.parametrize(
    ("flag", "value", "why"),
    [
        ("--publish", "80", "'80' is no port; write 8080:80 or 0.0.0.0:8080:80"),
        ("--publish", "0:80", "is no port"),
        ("--publish", "80:65536", "is no port"),
        ("--publish", "1.2.3:80:80", "1.2.3 is no address"),
        ("--allow", "10.0.0.1/8", "is neither a network nor a name and a port"),
        ("--allow", "name", "is neither a network nor a name and a port"),
        ("--allow", "name:0", "is neither a network nor a name and a port"),
        ("--network", "host", "'host' is not one of 'none', 'outside'"),
    ],
)
def test_what_is_no_flag_is_said(flag: str, value: str, why: str):
    words = [podvisor(), "run", flag, value, "--", "/bin/true"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == 125
    assert why in done.stderr
