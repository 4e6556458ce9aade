"""What can go wrong in a store, in the words of its users.

    StoreError
    ├── Compacted            the revision asked for is no longer in the history
    ├── FutureRevision       the revision asked for has not happened yet
    ├── DuplicateKey         one transaction would change a key twice
    ├── LeaseNotFound        no such lease, or it has expired
    ├── LeaseExists          a lease with the wished id is already there
    ├── NoSpace              the write was refused, nothing of it happened; reads go on
    ├── AlreadyOpen          another process has the data directory
    ├── Damaged              the data on disk cannot be what this store wrote
    └── Unavailable          the store is closed, or cannot promise durability any more

Named after etcd's own (`api/v3/rpc/rpctypes/error.go`): ErrCompacted, ErrFutureRev, ErrDuplicateKey, ErrLeaseNotFound,
ErrLeaseExist, ErrNoSpace. Apart from `Unavailable`, every error means that nothing was changed.
"""

from pathlib import Path


class StoreError(Exception):
    """Whatever a store raises on purpose."""


class Compacted(StoreError):
    """The revision asked for is no longer in the history."""

    def __init__(self, compacted: int) -> None:
        super().__init__(f"the required revision has been compacted: history begins at {compacted}")
        self.revision = compacted
        """The oldest revision that can still be read."""


class FutureRevision(StoreError):
    """The revision asked for has not happened yet."""

    def __init__(self, asked: int, current: int) -> None:
        super().__init__(f"revision {asked} is in the future: the store is at {current}")
        self.revision = current
        """The store's current revision."""


class DuplicateKey(StoreError):
    """One transaction would change a key twice."""

    def __init__(self, key: bytes) -> None:
        super().__init__(f"the key {key!r} is changed twice in one transaction")


class LeaseNotFound(StoreError):
    """No such lease, or it has expired."""

    def __init__(self, lease: int) -> None:
        super().__init__(f"no lease {lease:x}")


class LeaseExists(StoreError):
    """A lease with the wished id is already there."""

    def __init__(self, lease: int) -> None:
        super().__init__(f"a lease {lease:x} exists already")


class NoSpace(StoreError):
    """The write was refused, nothing of it happened; reads go on."""

    def __init__(self, why: str) -> None:
        super().__init__(f"no space for the write: {why}")


class AlreadyOpen(StoreError):
    """Another process has the data directory."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(f"{path} is in use by process {owner or 'unknown'}")


class Damaged(StoreError):
    """The data on disk cannot be what this store wrote."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} is damaged: {why}")


class Unavailable(StoreError):
    """The store is closed, or cannot promise durability any more.

    The only error after which a write may have happened: whoever asked must read to find out.
    """
