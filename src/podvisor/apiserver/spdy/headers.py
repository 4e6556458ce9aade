"""Header blocks: names with values, compressed with one dictionary over the life of a connection (2.6.10).

Decides how they are read and written, and how large one may be. A block is small on the wire and large when it is
unpacked where somebody wants it so: it is unpacked up to the bound and no further.
"""

import struct
import zlib
from collections.abc import Mapping

MAX_BYTES = 16 << 10
"""Of a block when it is unpacked. What Kubernetes' clients send has some hundred."""
_LENGTH = struct.Struct(">I")
_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status "
    "200_OK version HTTP/1.1 url public set-cookie keep-alive origin"
)
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _counted(text: str) -> bytes:
    return _LENGTH.pack(len(text)) + text.encode()


DICTIONARY = b"".join(_counted(word.replace("_", " ")) for word in _WORDS.split()) + _REST.encode()
"""What both sides' compression begins with (2.6.10.1)."""


class BadBlock(ValueError):
    """What was sent is no header block, or one that is too large."""


class Unpacker:
    """Reads the blocks of one direction of a connection, in their order."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def unpack(self, block: bytes) -> dict[str, str]:
        """The headers; several values of one name are joined by NUL, as they are sent. Raises BadBlock."""
        try:
            plain = self._inflate.decompress(block, MAX_BYTES + 1)
        except zlib.error as error:
            raise BadBlock(f"a header block that cannot be unpacked: {error}") from None
        if len(plain) > MAX_BYTES or self._inflate.unconsumed_tail:
            raise BadBlock(f"a header block of more than {MAX_BYTES} bytes")
        return _parse(plain)


class Packer:
    """Writes the blocks of one direction of a connection."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def pack(self, headers: Mapping[str, str]) -> bytes:
        """A block, which has to be sent before the next one is made."""
        pairs = b"".join(_counted(name.lower()) + _counted(value) for name, value in headers.items())
        return self._deflate.compress(_LENGTH.pack(len(headers)) + pairs) + self._deflate.flush(zlib.Z_SYNC_FLUSH)


def _parse(plain: bytes) -> dict[str, str]:
    """A block: how many pairs, and these. A name comes once, in lower case."""
    found: dict[str, str] = {}
    try:
        (count,) = _LENGTH.unpack_from(plain)
        position = _LENGTH.size
        for _ in range(count):
            name, position = _text(plain, position)
            value, position = _text(plain, position)
            if not name or name != name.lower() or name in found:
                raise BadBlock(f"a header's name {name!r} that is empty, not in lower case or there twice")
            found[name] = value
    except (struct.error, UnicodeDecodeError) as error:
        raise BadBlock(f"a header block that breaks off or is no text: {error}") from None
    if position != len(plain):
        raise BadBlock("a header block with more than its headers")
    return found


def _text(plain: bytes, position: int) -> tuple[str, int]:
    (length,) = _LENGTH.unpack_from(plain, position)
    begin, end = position + _LENGTH.size, position + _LENGTH.size + length
    if end > len(plain):
        raise BadBlock("a header block that breaks off")
    return plain[begin:end].decode(), end
