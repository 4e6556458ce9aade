"""The consistent, revisioned store below the API.

Decides revisions, transactions, watches, leases and compaction, over one contract (`backend`) with several backends.
Knows keys and bytes, not Kubernetes objects. Only the API server (and `etcdapi`) opens it.

How the embedded store is made, from the pure centre outwards: `history` (every readable revision, in memory),
`leases`, `draft` and `transactions` (what a batch of writes would do), `journal` and `lmdb_journal` (making it
durable), `writer` (group commit), `hub` (watches), `retention` (ending history), `embedded` (all of it together).
"""

from podvisor.store.errors import (
    AlreadyOpen,
    Compacted,
    Damaged,
    DuplicateKey,
    FutureRevision,
    LeaseExists,
    LeaseNotFound,
    NoSpace,
    StoreError,
    Unavailable,
)

__all__ = [
    "AlreadyOpen",
    "Compacted",
    "Damaged",
    "DuplicateKey",
    "FutureRevision",
    "LeaseExists",
    "LeaseNotFound",
    "NoSpace",
    "StoreError",
    "Unavailable",
]
