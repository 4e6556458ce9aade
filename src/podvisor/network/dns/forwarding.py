"""Names outside of the cluster: asked of the machine's resolvers, and kept for a while.

Positive and negative answers are kept by their own times (RFC 2308), half a minute at most.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import dnslib  # pyright: ignore[reportMissingTypeStubs]

from podvisor.base.clock import Clock
from podvisor.network.dns.zone import Record, Type

_PATIENCE = 2.0
"""Seconds for each resolver; a client asks again after five."""
_LONGEST = 30
"""Seconds that an answer is kept at most, as in the usual configuration of CoreDNS."""
_KEPT = 10_000
"""Answers that are kept."""
_dns = cast("Any", dnslib)


def resolvers(path: Path = Path("/etc/resolv.conf")) -> Sequence[str]:
    """The addresses in resolv.conf(5); none if there is no such file."""
    with suppress(OSError):
        words = [line.split() for line in path.read_text().splitlines()]
        return [line[1] for line in words if len(line) > 1 and line[0] == "nameserver"]
    return ()


class Machine:
    """The machine's resolvers as they are now: those of a laptop change with its network."""

    def __iter__(self) -> Iterator[str]:
        return iter(resolvers())


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: bytes
    since: float
    until: float


class Forwarder:
    """Asks resolvers, the first that answers."""

    def __init__(self, addresses: Iterable[str], clock: Clock, *, port: int = 53) -> None:
        """`addresses` is gone through anew for each question."""
        self._addresses = addresses
        self._clock = clock
        self._port = port
        self._cache: OrderedDict[tuple[str, int, bool], _Kept] = OrderedDict()

    async def ask(self, message: bytes, *, tcp: bool) -> bytes | None:
        """The answer to a message, with its number; None if nobody answers in time."""
        asked = _dns.DNSRecord.parse(message)
        key = (str(asked.q.qname).lower(), int(asked.q.qtype), tcp)
        if (kept := self._cache.get(key)) is not None and kept.until > self._clock.monotonic():
            return _aged(kept.answer, asked, int(self._clock.monotonic() - kept.since))
        number = secrets.token_bytes(2)  # Ours, so that nobody who guesses the client's can answer in its place.
        for address in self._addresses:
            answer = await self._one(address, number + message[2:], tcp=tcp)
            if answer is not None and _answers(answer, number, asked):
                self._keep(key, answer)
                return message[:2] + answer[2:]
        return None

    async def resolve(self, name: str, kind: str) -> Sequence[Record]:
        """Records of a name; none where nothing is known."""
        answer = await self.ask(bytes(_dns.DNSRecord.question(name, kind).pack()), tcp=False)
        if answer is None:
            return ()
        found: list[Record] = []
        for record in _dns.DNSRecord.parse(answer).rr:
            shown = str(_dns.QTYPE.get(record.rtype))
            if shown in ("A", "AAAA", "CNAME"):
                target = str(record.rdata).rstrip(".")
                found.append(Record(str(record.rname).rstrip("."), cast("Type", shown), target, record.ttl))
        return found

    async def _one(self, address: str, message: bytes, *, tcp: bool) -> bytes | None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with self._clock.timeout(_PATIENCE):
                if tcp:
                    return await _by_stream(address, self._port, message)
                return await _by_datagram(address, self._port, message)
        return None

    def _keep(self, key: tuple[str, int, bool], answer: bytes) -> None:
        found = _dns.DNSRecord.parse(answer)
        if found.header.tc or found.header.rcode not in (_dns.RCODE.NOERROR, _dns.RCODE.NXDOMAIN):
            return
        times = [record.ttl for record in found.rr]
        if not times:
            times = [min(one.ttl, one.rdata.times[4]) for one in found.auth if one.rtype == _dns.QTYPE.SOA]
        if times:
            now = self._clock.monotonic()
            self._cache[key] = _Kept(answer, now, now + min(_LONGEST, *times))
            self._cache.move_to_end(key)
            if len(self._cache) > _KEPT:
                self._cache.popitem(last=False)


def _answers(answer: bytes, number: bytes, asked: Any) -> bool:
    """True if this is an answer to what was asked, and not to something else."""
    try:
        found = _dns.DNSRecord.parse(answer)
        same = str(found.q.qname).lower() == str(asked.q.qname).lower() and found.q.qtype == asked.q.qtype
    except Exception:  # dnslib lets errors of all kinds through for what strangers send.
        return False
    return answer[:2] == number and bool(found.header.qr) and same


def _aged(answer: bytes, asked: Any, seconds: int) -> bytes:
    """An answer that was kept: with the number of who asks now, and the times that are left."""
    found = _dns.DNSRecord.parse(answer)
    found.header.id = asked.header.id
    found.questions = asked.questions
    for record in (*found.rr, *found.auth):
        record.ttl = max(0, record.ttl - seconds)
    return bytes(found.pack())


async def _by_stream(address: str, port: int, message: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(len(message).to_bytes(2, "big") + message)
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    finally:
        writer.close()


async def _by_datagram(address: str, port: int, message: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(lambda: _First(answer, message[:2]), remote_addr=(address, port))
    try:
        transport.sendto(message)
        return await answer
    finally:
        transport.close()


class _First(asyncio.DatagramProtocol):
    """Waits for the first datagram with our number."""

    def __init__(self, answer: asyncio.Future[bytes], number: bytes) -> None:
        self._answer = answer
        self._number = number

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[:2] == self._number and not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)
