"""LMDB's file as bytes: whether it has been cut off, which has to be known before it is mapped.

A page beyond the end of a mapped file is SIGBUS and not an error (mmap(2)). The file begins with two descriptions of
the tree, written by turns, of which the one with the higher transaction number holds (`MDB_meta` of LMDB's mdb.c); the
pages of its two roots must lie inside of the file.
"""

import struct
from pathlib import Path

from podvisor.store.errors import Damaged

_MAGIC = 0xBEEFC0DE
_META = struct.Struct("<16x II 16x I36xQ 40xQ QQ")
"""Magic, version, page size, root of the free pages, root of the tree, last page, transaction."""
NONE = (1 << 64) - 1
"""The root of an empty tree."""


def check(path: Path) -> None:
    """Raise Damaged where the file at `path` is too short for its own roots; anything else is for LMDB to say."""
    size = path.stat().st_size if path.exists() else 0
    if size < 2 * _META.size:
        return
    with path.open("rb") as file:
        head = file.read(1 << 17)
    newest = max(filter(None, [_meta(head, 0), _meta(head, _page_size(head))]), key=lambda meta: meta[6], default=None)
    if newest is None:
        return
    page_size, roots = newest[2], [root for root in newest[3:5] if root != NONE]
    if any((root + 1) * page_size > size for root in roots):
        raise Damaged(path.parent, f"{path.name} was cut off after {size} bytes")


def _page_size(head: bytes) -> int:
    first = _meta(head, 0)
    return first[2] if first else 4096


def _meta(head: bytes, offset: int) -> tuple[int, ...] | None:
    if len(head) < offset + _META.size:
        return None
    meta = _META.unpack_from(head, offset)
    return meta if meta[0] == _MAGIC else None
