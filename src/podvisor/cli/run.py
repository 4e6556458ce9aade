"""`podvisor run`: one command in a fresh sandbox, as if it ran here.

Its streams are this process's own descriptors, handed to the kernel; signals are passed on; its exit code becomes
ours, 128 and the number for a signal. A second SIGINT or SIGTERM is not passed on: it ends the
sandbox. Our own failures end with 125, a command that is not there or not executable with 127 or 126, in runc's words.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from podvisor.cli import flags, outside, signals, terminal
from podvisor.cli.main import Failure
from podvisor.images import config, host
from podvisor.images import errors as image_errors
from podvisor.sandbox import errors, protocol, spec
from podvisor.sandbox.process import Sandbox

HOSTNAME = "podvisor"
CONTAINER = "main"
OUR_FAILURE = 125
LOOK = 30.0
"""Seconds between looks at whether a kernel that has run meanwhile still answers."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `run` was asked for, field by flag."""

    image: str
    pull: Literal["always", "missing", "never"]
    registries: Path | None
    entrypoint: str | None
    env: tuple[str, ...]
    workdir: str | None
    user: str | None
    mount: tuple[spec.Bind, ...]
    network: Literal["none", "outside"] | None
    allow: tuple[outside.Allowed, ...]
    publish: tuple[outside.Published, ...]
    memory: int | None
    cpus: float | None
    pids: int | None
    tty: bool | None
    command: tuple[str, ...]


PARAMETERS: list[click.Parameter] = [
    click.Option(["--image"], default="host", metavar="NAME", help="Root file system; `host` is this machine's own."),
    click.Option(
        ["--pull"],
        type=click.Choice(["always", "missing", "never"]),
        default="missing",
        help="When to ask the image's registry.",
    ),
    click.Option(
        ["--registries"],
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Mirrors, certificates and logins; without it ~/.config/podvisor/registries.yaml.",
    ),
    click.Option(["--entrypoint"], help="Program in place of the image's; its own arguments are left out then."),
    click.Option(["--env", "-e"], type=flags.Variable(), multiple=True, help="Set a variable."),
    click.Option(["--workdir", "-w"], type=flags.AbsolutePath(), help="Working directory."),
    click.Option(["--user", "-u"], type=flags.User(), help="UID[:GID] or NAME[:GROUP] in the image."),
    click.Option(["--mount", "-v"], type=flags.Mount(), multiple=True, help="Show a host directory or file inside."),
    click.Option(
        ["--network"],
        type=click.Choice(["none", "outside"]),
        help="What it reaches: nothing, which is the default, or what is outside of this machine.",
    ),
    click.Option(
        ["--allow"],
        type=outside.Allow(),
        multiple=True,
        help="Let it reach this and nothing else: a network, or a port of a name that is looked up now.",
    ),
    click.Option(
        ["--publish", "-p"],
        type=outside.Publish(),
        multiple=True,
        help="Lead a port of this machine, by default at 127.0.0.1, to one inside.",
    ),
    click.Option(["--memory", "-m"], type=flags.Memory(), help="Memory limit, such as 512m."),
    click.Option(["--cpus"], type=flags.Cpus(), help="Limit on processor time, such as 1.5."),
    click.Option(["--pids"], type=click.IntRange(min=1), help="Limit on processes and threads."),
    click.Option(["--tty/--no-tty", "-t"], default=None, help="Give it a terminal. Without it: if this is one."),
    click.Argument(["command"], nargs=-1, type=click.UNPROCESSED, metavar="-- [CMD] [ARG]..."),
]
"""Every flag, declared once: parsing, help and completion derive from this."""


def execute(settings: Settings) -> int:
    """Run the command and return the exit code to end with. Raises `Failure`."""
    network = outside.decide(settings.network, settings.allow, settings.publish)
    container = _container(settings, network)
    try:
        exited = _run(settings, container, network)
    except signals.Insisted as insisted:
        return 128 + insisted.number
    except errors.Refused as error:
        raise Failure(str(error), error.exit_code or OUR_FAILURE) from error
    except errors.SandboxError as error:
        raise Failure(str(error), OUR_FAILURE) from error
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}" if error.filename else str(error), OUR_FAILURE) from error
    if exited.oom:
        print("podvisor: killed, the memory limit was reached", file=sys.stderr)
    return exited.status


def _run(settings: Settings, container: spec.Container, network: outside.Network) -> protocol.Exited:
    with signals.caught() as caught, Sandbox() as sandbox, _keyboard(container.process.stdio):
        try:
            sandbox.create(_pod(settings, network))
            with outside.joined(sandbox, network):
                return _follow(sandbox, sandbox.start(container), caught)
        except signals.Insisted:
            sandbox.kill()
            raise


def _container(settings: Settings, network: outside.Network) -> spec.Container:
    """The container that the flags describe, on top of what its image says. Raises `Failure`."""
    root, said = _image(settings, network)
    words = config.docker_argv(said, settings.command, settings.entrypoint)
    if not words:
        raise click.UsageError(f"no command: give one, or an image that has its own; {settings.image} has none")
    given = dict(variable.split("=", 1) for variable in settings.env if variable)
    process = spec.Process(
        args=words,
        stdio=_stdio(settings.tty),
        env=tuple(f"{name}={value}" for name, value in {**said.env, **given}.items()),
        cwd=settings.workdir or said.working_directory or "/",
        user=settings.user or said.user or "0",
    )
    return spec.Container(CONTAINER, root, process, mounts=settings.mount)


def _pod(settings: Settings, network: outside.Network) -> spec.Pod:
    return spec.Pod(
        HOSTNAME,
        memory_bytes=settings.memory,
        pids_limit=settings.pids,
        cpus=settings.cpus,
        addresses=network.addresses,
    )


def _image(settings: Settings, network: outside.Network) -> tuple[spec.Root, config.Execution]:
    """The image below the few files that belong to a sandbox and not to any image, and what it says of its process."""
    names = "".join(f"{address} {name}\n" for address, name in network.hosts)
    # Only streams leave a sandbox: its resolver is to ask by TCP.
    resolvers = "".join(f"nameserver {one}\n" for one in network.resolvers)
    own = (
        spec.FileLayer("/etc/hostname", f"{HOSTNAME}\n"),
        spec.FileLayer("/etc/hosts", f"127.0.0.1 localhost {HOSTNAME}\n::1 localhost {HOSTNAME}\n{names}"),
        spec.FileLayer("/etc/resolv.conf", f"{resolvers}options use-vc\n" if resolvers else ""),
    )
    try:
        below, said = (host.root(), config.Execution()) if settings.image == "host" else _fetched(settings)
    except image_errors.ImageError as error:
        raise Failure(str(error), OUR_FAILURE) from error
    return spec.Root((*own, *below.layers)), said


def _fetched(settings: Settings) -> tuple[spec.Root, config.Execution]:
    from podvisor.cli import registries

    return registries.for_run(settings.image, settings.pull, settings.registries)


def _stdio(tty: bool | None) -> spec.Streams | spec.Terminal:
    """Our own streams; a terminal when asked for, or unasked when both ends of this one are a terminal."""
    streams = [fd if _is_open(fd) else None for fd in (0, 1, 2)]
    has_terminal = os.isatty(0) and os.isatty(1)
    if tty or (tty is None and has_terminal):
        if streams[0] is None or streams[1] is None:
            raise Failure("--tty needs a standard input and a standard output", OUR_FAILURE)
        return spec.Terminal(0, 1, *terminal.size(1))
    return spec.Streams(*streams)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _keyboard(stdio: spec.Streams | spec.Terminal) -> AbstractContextManager[None]:
    """Raw mode for as long as the guest has the terminal."""
    return terminal.raw(stdio.input if isinstance(stdio, spec.Terminal) else -1)


def _follow(sandbox: Sandbox, pid: int, caught: signals.Caught) -> protocol.Exited:
    """Pass signals on until the process is gone."""
    poll = select.poll()
    poll.register(sandbox, select.POLLIN)
    poll.register(caught, select.POLLIN)
    while True:
        for event in sandbox.events():
            if isinstance(event, protocol.Exited) and event.pid == pid:
                return event
        ready = [fd for fd, _ in poll.poll(LOOK * 1000)]
        if not ready:
            sandbox.look()
        if caught.fileno() in ready:
            _forward(sandbox, pid, caught)
        elif sandbox.fileno() in ready:
            sandbox.receive()


def _forward(sandbox: Sandbox, pid: int, caught: signals.Caught) -> None:
    for number in caught.take():
        with suppress(errors.Refused):  # The process may have ended a moment ago; its exit is on the way.
            if number == signal.SIGWINCH:
                sandbox.resize(CONTAINER, pid, *terminal.size(1))
            else:
                sandbox.signal(CONTAINER, pid, number)


def _callback(**values: Any) -> int:
    return execute(Settings(**values))


command = click.Command(
    "run",
    params=PARAMETERS,
    callback=_callback,
    context_settings={"allow_interspersed_args": False},
    help="Run one command in a fresh sandbox: its streams, its signals and its exit code are passed through.",
)
