"""LMDB's file as bytes: whether it is whole, which has to be known before it is mapped.

A page beyond the end of a mapped file is SIGBUS and not an error (mmap(2)). The file begins with two descriptions of
the tree, written by turns, of which the one with the higher transaction number holds (`MDB_meta` of LMDB's mdb.c); the
pages of its two roots must lie inside of the file, and those below them be what they should.
"""

import struct
from pathlib import Path
from typing import NamedTuple

from podvisor.store import lmdb_pages
from podvisor.store.errors import Damaged
from podvisor.store.lmdb_pages import NONE, Tree

_MAGIC = 0xBEEFC0DE
_META = struct.Struct("<16x II 16x I 2xH 32xQ 6xH 32xQ QQ")


class _Meta(NamedTuple):
    magic: int
    version: int
    page_size: int
    free_depth: int
    free_root: int
    """The table of free pages."""
    depth: int
    root: int
    """The table of tables."""
    last_page: int
    transaction: int


def check(path: Path) -> None:
    """Raise Damaged where LMDB could not read the file at `path`, or would take an older state for the newest."""
    size = path.stat().st_size if path.exists() else 0
    if not (metas := _metas(path, size)):
        return  # no file of LMDB's, which it says itself
    newest = max(metas, key=lambda meta: meta.transaction)
    roots = [root for root in (newest.free_root, newest.root) if root != NONE]
    if any((root + 1) * newest.page_size > size for root in roots):
        raise Damaged(path.parent, f"{path.name} was cut off after {size} bytes")
    # Written by turns, their numbers differ by one after the first transaction. Where the newest can no longer be
    # read, LMDB would go on from the older one, and a transaction would be forgotten.
    older = min(meta.transaction for meta in metas)
    if len(metas) < 2 or (newest.transaction and newest.transaction - older != 1):
        raise Damaged(path.parent, f"one of the two heads of {path.name} cannot be read")
    trees = [Tree(newest.free_root, newest.free_depth), Tree(newest.root, newest.depth)]
    try:
        lmdb_pages.check(path, newest.page_size, newest.last_page, trees)
    except ValueError as error:
        raise Damaged(path.parent, f"{path.name}: {error}") from error


def newest_root(path: Path) -> tuple[int, Tree]:
    """The size of the pages, and the table of tables as the newest head that can be read has it; empty without one."""
    if not (metas := _metas(path, path.stat().st_size)):
        return 4096, Tree(NONE, 0)
    newest = max(metas, key=lambda meta: meta.transaction)
    return newest.page_size, Tree(newest.root, newest.depth)


def _metas(path: Path, size: int) -> list[_Meta]:
    """The descriptions that can be read."""
    if size < 2 * _META.size:
        return []
    with path.open("rb") as file:
        head = file.read(1 << 17)
    first = _meta(head, 0)
    return [meta for meta in (first, _meta(head, first.page_size if first else 4096)) if meta]


def _meta(head: bytes, offset: int) -> _Meta | None:
    """One of the two descriptions, if it is one."""
    if len(head) < offset + _META.size:
        return None
    meta = _Meta._make(_META.unpack_from(head, offset))
    known = meta.magic == _MAGIC and meta.page_size in (1 << bits for bits in range(9, 17))
    return meta if known else None
