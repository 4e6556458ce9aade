"""What an image says about the containers made of it (OCI image specification, config.md)."""

from __future__ import annotations

import signal
from collections.abc import Mapping

import msgspec

from podvisor.images.errors import Unacceptable


class Execution(msgspec.Struct, frozen=True):
    """The parameters for running: each may be left out or null."""

    user: str = msgspec.field(default="", name="User")
    environment: tuple[str, ...] | None = msgspec.field(default=None, name="Env")
    entrypoint: tuple[str, ...] | None = msgspec.field(default=None, name="Entrypoint")
    command: tuple[str, ...] | None = msgspec.field(default=None, name="Cmd")
    working_directory: str = msgspec.field(default="", name="WorkingDir")
    volumes: Mapping[str, object] | None = msgspec.field(default=None, name="Volumes")
    exposed_ports: Mapping[str, object] | None = msgspec.field(default=None, name="ExposedPorts")
    labels: Mapping[str, str] | None = msgspec.field(default=None, name="Labels")
    stop_signal: str = msgspec.field(default="", name="StopSignal")

    @property
    def env(self) -> dict[str, str]:
        """The variables; a word without `=` is one that is empty."""
        pairs = (word.partition("=") for word in self.environment or ())
        return {name: value for name, _, value in pairs if name}

    @property
    def stop_number(self) -> int:
        """The signal that ends a container: by name, with or without SIG, or by number; SIGTERM if it is none."""
        word = self.stop_signal.upper().removeprefix("SIG")
        if word.isdecimal() and 0 < int(word) <= 64:
            return int(word)
        base, _, more = word.partition("+")
        number = {"RTMIN": 34, "RTMAX": 64}.get(base) or getattr(signal, f"SIG{base}", signal.SIGTERM)
        return int(number) + (int(more) if base == "RTMIN" and more.isdecimal() and int(more) <= 30 else 0)


class RootFs(msgspec.Struct, frozen=True):
    """The layers, lowest first, by the digests of their uncompressed archives."""

    diff_ids: tuple[str, ...] = ()
    type: str = "layers"


class Config(msgspec.Struct, frozen=True):
    """An image's configuration."""

    rootfs: RootFs
    architecture: str = ""
    os: str = ""
    config: Execution | None = None
    created: str | None = None

    @property
    def execution(self) -> Execution:
        return self.config or Execution()


def parse(data: bytes) -> Config:
    """Read a configuration. Raises Unacceptable."""
    try:
        return msgspec.json.decode(data, type=Config)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unacceptable(f"its configuration is damaged: {error}") from error


def docker_argv(execution: Execution, words: tuple[str, ...] = (), entrypoint: str | None = None) -> tuple[str, ...]:
    """The words of a container's first process by docker's rules (docker-run(1)).

    `words` replace the image's own arguments; another entrypoint replaces both, an empty one leaves `words` alone.
    """
    if entrypoint is not None:
        return (*((entrypoint,) if entrypoint else ()), *words)
    return (*(execution.entrypoint or ()), *(words or execution.command or ()))


def argv(execution: Execution, command: tuple[str, ...] = (), args: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The words of a container's first process.

    `command` replaces the entrypoint and the image's own arguments, `args` these alone
    (https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/).
    """
    if command:
        return (*command, *args)
    return docker_argv(execution, args)
