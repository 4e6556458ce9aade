"""The values that flags take: how each is written, and one line that says what is wrong with it."""

from __future__ import annotations

import os
import re
import stat
from ipaddress import ip_address
from typing import Any

import click

from podvisor.network import egress
from podvisor.sandbox import spec

_SIZE = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)(?P<unit>[kmgt]?)(?:i?b)?|(?P<plain>\d+)(?P<short>[kmgt])i", re.IGNORECASE
)
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}

LEAST_MEMORY = 4 << 20
"""Below this no dynamically linked program starts."""


class Memory(click.ParamType[int]):
    """A size: `64m`, `1g`, `512Mi`, or bytes. Units are powers of 1024, as container tools read them."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = _SIZE.fullmatch(value)
        if match is None:
            self.fail(f"{value!r} is no size; write 64m, 1g or 512Mi", param, ctx)
        number, unit = match["number"] or match["plain"], match["unit"] or match["short"] or ""
        size = int(float(number) * _UNITS[unit.lower()])
        if size < LEAST_MEMORY:
            self.fail(f"{value!r} is less than the least, {LEAST_MEMORY >> 20}m", param, ctx)
        return size


class Cpus(click.ParamType[float]):
    """Processors' worth of time: `0.5`, `2`."""

    name = "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            cpus = float(value)
        except ValueError:
            cpus = 0.0
        if not 0.01 <= cpus <= 4096:
            self.fail(f"{value!r} is no number of processors; write 0.5 or 2", param, ctx)
        return cpus


class Variable(click.ParamType[str]):
    """`NAME=value`, or `NAME` for the value that it has here; a name that has none here is left out as `""`."""

    name = "K=V"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        name, equals, _ = value.partition("=")
        if not name:
            self.fail(f"{value!r} is no variable; write NAME=value", param, ctx)
        if equals:
            return value
        return f"{name}={os.environ[name]}" if name in os.environ else ""


class Mount(click.ParamType[spec.Bind]):
    """`SRC:DST[:ro]`: a directory or regular file of the host, and where it is seen."""

    name = "SRC:DST[:ro]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> spec.Bind:
        source, target, *options = value.split(":") if value.count(":") in (1, 2) else ("", "")
        if not source or not target.startswith("/") or options not in ([], ["ro"], ["rw"]):
            self.fail(f"{value!r} is no mount; write SRC:DST or SRC:DST:ro with an absolute DST", param, ctx)
        path = os.path.abspath(source)
        try:
            mode = os.stat(path).st_mode
        except OSError as error:
            self.fail(f"{source}: {error.strerror}", param, ctx)
        if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            self.fail(f"{source}: neither a directory nor a regular file", param, ctx)
        return spec.Bind(os.path.normpath(target), path, read_only=options == ["ro"])


class Networks(click.ParamType[tuple[str, ...]]):
    """Networks with commas between: `10.0.0.0/8,192.0.2.1`."""

    name = "cidr,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        try:
            return self.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def parse(self, value: str) -> tuple[str, ...]:
        """The networks. Raises ValueError."""
        return egress.networks(value)


class Egress(Networks):
    """`all`, `none`, or networks."""

    name = "all|none|cidr,..."

    def parse(self, value: str) -> tuple[str, ...]:
        """The networks. Raises ValueError."""
        return egress.parse(value)


class Addresses(click.ParamType[tuple[str, ...]]):
    """Addresses of this machine with commas between."""

    name = "address,..."

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        words = [word.strip() for word in value.split(",")]
        for word in words:
            try:
                ip_address(word)
            except ValueError:
                self.fail(f"{word!r} is no address; write 127.0.0.1 or 0.0.0.0", param, ctx)
        return tuple(str(ip_address(word)) for word in words)


class PortRange(click.ParamType[tuple[int, int]]):
    """`MIN-MAX`: ports from one to another."""

    name = "min-max"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", value)
        first, last = (int(match[1]), int(match[2])) if match else (0, 0)
        if not 1 <= first <= last <= 65535:
            self.fail(f"{value!r} is no range of ports; write 30000-32767", param, ctx)
        return first, last


class AbsolutePath(click.ParamType[str]):
    """An absolute path inside the sandbox."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value.startswith("/"):
            self.fail(f"{value!r} is not absolute", param, ctx)
        return value


class User(click.ParamType[str]):
    """`UID[:GID]` or `NAME[:GROUP]`; names are looked up in the image."""

    name = "user"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[^:\s]+(:[^:\s]+)?", value):
            self.fail(f"{value!r} is no user; write UID[:GID] or NAME[:GROUP]", param, ctx)
        return value
