"""The pages of LMDB's file, looked at before LMDB does.

Where one is broken LMDB aborts the process, or reads beyond its map. The layout is that of `MDB_page`, `MDB_node` and
`MDB_db` in LMDB's mdb.c, little endian. Only what LMDB relies on to find its way is looked at: numbers and kinds of
pages, and where the entries of each lie. What the entries say is for the checksums (`journal`, `lmdb_layout`).
"""

import contextlib
import mmap
import struct
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn

_PAGE = struct.Struct("<Q2xHHH")
"""Number, flags, end of the offsets of the entries, begin of the entries."""
_LARGE = struct.Struct("<I")
"""How many pages a large value takes, in place of those two ends."""
_NODE = struct.Struct("<HHHH")
_TABLE = struct.Struct("<6xH 32xQ")
_NUMBER = struct.Struct("<Q")
_HEAD = 16
_BRANCH, _LEAF, _OVERFLOW = 1, 2, 4
_BIG, _SUBTABLE = 1, 2
NONE = (1 << 64) - 1
"""The root of an empty table."""


class Tree(NamedTuple):
    """A table: the page that it begins at, and how many levels of pages it has."""

    root: int
    depth: int


class _Entry(NamedTuple):
    """The head of an entry, and where it is."""

    page: int
    place: int
    """In the file."""
    low: int
    """With `high` the size of its value or, in a branch, the number of the page below."""
    high: int
    flags: int
    key: int
    """The size of its key."""


def check(path: Path, page_size: int, last: int, trees: Sequence[Tree]) -> None:
    """Walk the trees in the file at `path` and the tables that they name. Raises ValueError for a broken page."""
    with _pages(path, page_size, last) as pages:
        for tree in trees:
            for entry in pages.walk(tree, _raise):
                if entry.flags & _SUBTABLE:
                    for below in pages.walk(pages.table(entry), _raise):
                        pages.value(below)
                else:
                    pages.value(entry)


def tables(path: Path, page_size: int, tree: Tree) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Name, key and value of each entry of the tables that `tree` names; broken pages are passed over."""
    with _pages(path, page_size) as pages:
        for entry in pages.walk(tree, _pass):
            with contextlib.suppress(ValueError):
                name = pages.key(entry)
                for below in pages.walk(pages.table(entry), _pass):
                    with contextlib.suppress(ValueError):
                        yield name, pages.key(below), pages.value(below).read()


def anywhere(path: Path, page_size: int) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of whatever looks like an entry on any page of the file, in use or not."""
    with _pages(path, page_size) as pages:
        for number in range(2, pages.last + 1):
            for entry in pages.walk(Tree(number, 1), _pass):
                with contextlib.suppress(ValueError):
                    yield pages.key(entry), pages.value(entry).read()
            pages.forget()


def _raise(error: ValueError) -> NoReturn:
    raise error


def _pass(_: ValueError) -> None:
    """Go on with the next page."""


@contextmanager
def _pages(path: Path, page_size: int, last: int = NONE) -> Generator["_Pages"]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        yield _Pages(data, page_size, min(last, len(data) // page_size - 1))


class _Value(NamedTuple):
    """Where a value lies."""

    data: mmap.mmap
    start: int
    size: int

    def read(self) -> bytes:
        return self.data[self.start : self.start + self.size]


class _Pages:
    def __init__(self, data: mmap.mmap, size: int, last: int) -> None:
        self.last = last
        self._data = data
        self._size = size
        self._seen: set[int] = set()

    def walk(self, tree: Tree, broken: Callable[[ValueError], None]) -> Iterator[_Entry]:
        """The entries of a tree; `broken` is told of pages that it cannot go on from."""
        waiting = [] if tree.root == NONE else [tree]
        while waiting:
            number, depth = waiting.pop()
            try:
                found = list(self._entries(number, _LEAF if depth == 1 else _BRANCH))
            except ValueError as error:
                broken(error)
                continue
            if depth == 1:
                yield from found
            else:
                waiting += [Tree(one.low | one.high << 16 | one.flags << 32, depth - 1) for one in found]

    def table(self, entry: _Entry) -> Tree:
        """The table that an entry names. Raises ValueError."""
        self._fits(entry, _TABLE.size)
        depth, root = _TABLE.unpack_from(self._data, entry.place + _NODE.size + entry.key)
        return Tree(root, depth)

    def key(self, entry: _Entry) -> bytes:
        """Raises ValueError."""
        self._fits(entry, 0)
        start = entry.place + _NODE.size
        return self._data[start : start + entry.key]

    def value(self, entry: _Entry) -> _Value:
        """Where the value of an entry is; a large one has pages of its own. Raises ValueError."""
        size, start = entry.low | entry.high << 16, entry.place + _NODE.size + entry.key
        if not entry.flags & _BIG:
            self._fits(entry, size)
            return _Value(self._data, start, size)
        self._fits(entry, _NUMBER.size)
        (first,) = _NUMBER.unpack_from(self._data, start)
        begin = self._page(first, _OVERFLOW)
        (count,) = _LARGE.unpack_from(self._data, begin + 12)
        if count * self._size < _HEAD + size or first + count - 1 > self.last:
            raise ValueError(f"page {first} is broken")
        return _Value(self._data, begin + _HEAD, size)

    def forget(self) -> None:
        """Allow pages to be met again."""
        self._seen.clear()

    def _entries(self, number: int, kind: int) -> Iterator[_Entry]:
        start = self._page(number, kind)
        _, _, lower, upper = _PAGE.unpack_from(self._data, start)
        if not _HEAD <= lower <= upper <= self._size or lower % 2:
            raise ValueError(f"page {number} is broken")
        for offset in struct.unpack_from(f"<{(lower - _HEAD) // 2}H", self._data, start + _HEAD):
            if not upper <= offset <= self._size - _NODE.size:
                raise ValueError(f"page {number} is broken")
            entry = _Entry(number, start + offset, *_NODE.unpack_from(self._data, start + offset))
            self._fits(entry, 0)
            yield entry

    def _page(self, number: int, kind: int) -> int:
        """Where a page begins, which has to be of this kind and met for the first time. Raises ValueError."""
        if not 2 <= number <= self.last or number in self._seen:
            raise ValueError(f"page {number} cannot be where it is")
        self._seen.add(number)
        start = number * self._size
        own, flags, _, _ = _PAGE.unpack_from(self._data, start)
        if own != number or flags & (_BRANCH | _LEAF | _OVERFLOW) != kind:
            raise ValueError(f"page {number} is broken")
        return start

    def _fits(self, entry: _Entry, size: int) -> None:
        """Raise ValueError for an entry that goes beyond its page."""
        if entry.place + _NODE.size + entry.key + size > (entry.page + 1) * self._size:
            raise ValueError(f"page {entry.page} is broken")
