"""Messages of DNS as records and back (RFC 1035, RFC 6891), by dnslib."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import dnslib  # pyright: ignore[reportMissingTypeStubs]

from podvisor.network.dns.zone import Record

Code = Literal["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]
PLAIN = 512
"""Bytes of an answer by UDP that every client takes."""
LARGEST = 1232
"""Bytes of an answer by UDP that we send at most, whatever a client says that it takes (DNS flag day 2020)."""
_dns = cast("Any", dnslib)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `room` is how many bytes an answer by UDP may have."""

    name: str
    """Without a dot at its end, as it was written."""
    type: str
    room: int
    message: Any
    """The whole message, for its answer."""


class Malformed(ValueError):
    """What has arrived is no question; `answer` is what to say to it, None where nothing can be."""

    def __init__(self, answer: bytes | None) -> None:
        super().__init__("malformed DNS message")
        self.answer = answer


def decode(message: bytes) -> Question:
    """The question in a message. Raises Malformed."""
    if len(message) < 12 or message[2] & 0x80:
        raise Malformed(None)  # Too short for a number to answer to, or itself an answer.
    number = int.from_bytes(message[:2], "big")
    if (message[2] >> 3) & 0xF:
        raise Malformed(_bare(number, "NOTIMP"))
    try:
        found = _dns.DNSRecord.parse(message)
        question = found.questions[0]
        name = ".".join(label.decode("ascii") for label in question.qname.label)
    except Exception as error:  # dnslib lets errors of all kinds through for what strangers send.
        raise Malformed(_bare(number, "FORMERR")) from error
    if len(found.questions) != 1:
        raise Malformed(_bare(number, "FORMERR"))
    if question.qclass != _dns.CLASS.IN:
        raise Malformed(_bare(number, "REFUSED"))
    sizes = [one.rclass for one in found.ar if one.rtype == _dns.QTYPE.OPT]
    room = min(max(PLAIN, *sizes), LARGEST) if sizes else PLAIN
    return Question(name, str(_dns.QTYPE.get(question.qtype)), room, found)


def encode(
    question: Question,
    code: Code,
    records: Iterable[Record] = (),
    *,
    additional: Iterable[Record] = (),
    authority: Iterable[Record] = (),
    room: int | None = None,
) -> bytes:
    """An answer; over `room` bytes it is cut and says so (TC), which has the client ask again by TCP."""
    reply = question.message.reply(aa=1, ra=1)
    reply.header.rcode = getattr(_dns.RCODE, code)
    reply.add_answer(*map(_record, records))
    reply.add_auth(*map(_record, authority))
    reply.add_ar(*map(_record, additional))
    if any(one.rtype == _dns.QTYPE.OPT for one in question.message.ar):
        reply.add_ar(_dns.EDNS0(udp_len=LARGEST))
    packed = bytes(reply.pack())
    if room is None or len(packed) <= room:
        return packed
    if reply.ar:  # Additional records are a kindness, and their lack no reason to ask again.
        reply.ar = [one for one in reply.ar if one.rtype == _dns.QTYPE.OPT]
        packed = bytes(reply.pack())
    if len(packed) > room:
        reply.header.tc = 1
        reply.rr, reply.auth = [], []
        packed = bytes(reply.pack())
    return packed


def _bare(number: int, code: Code) -> bytes:
    header = _dns.DNSHeader(id=number, qr=1, rcode=getattr(_dns.RCODE, code))
    return bytes(_dns.DNSRecord(header).pack())


def _record(record: Record) -> Any:
    kind = getattr(_dns.QTYPE, record.type)
    return _dns.RR(record.name, kind, rdata=_data(record.type, record.data.split()), ttl=record.ttl)


def _data(kind: str, words: Sequence[str]) -> Any:
    match kind:
        case "SRV":
            return _dns.SRV(*map(int, words[:3]), words[3])
        case "SOA":
            return _dns.SOA(words[0], words[1], tuple(map(int, words[2:])))
        case _:
            return getattr(_dns, kind)(words[0])
