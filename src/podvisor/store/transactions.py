"""What a transaction means: comparisons first, then one branch, checked before it changes anything.

The semantics are those of etcd's `Txn` (`server/etcdserver/apply.go`), without nested transactions.
"""

import operator
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from podvisor.store import history as histories
from podvisor.store.backend import Compare, Delete, Op, Put, Range, TxnResult
from podvisor.store.draft import Draft
from podvisor.store.errors import DuplicateKey, LeaseNotFound
from podvisor.store.history import History

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}


def run(
    draft: Draft, history: History, compares: Sequence[Compare], success: Sequence[Op], failure: Sequence[Op]
) -> TxnResult:
    """Run one transaction on a draft. Raises before anything is changed, or not at all."""
    succeeded = all(holds(compare, draft) for compare in compares)
    branch = success if succeeded else failure
    check(branch, draft, history)
    responses = draft.perform(branch)
    return TxnResult(succeeded, draft.revision, responses)


def holds(compare: Compare, draft: Draft) -> bool:
    """Whether a condition holds."""
    kv = draft.get(compare.key)
    if kv is not None:
        return OPERATORS[compare.op](getattr(kv, compare.target), compare.operand)
    return compare.target != "value" and OPERATORS[compare.op](0, compare.operand)


def check(ops: Sequence[Op], draft: Draft, history: History) -> None:
    """Raise unless every operation of a branch can be done."""
    for op in ops:
        if isinstance(op, Range):
            history.check_readable(op.revision)
        elif isinstance(op, Put) and op.lease and not draft.has_lease(op.lease):
            raise LeaseNotFound(op.lease)
    _check_distinct(ops)


def _check_distinct(ops: Sequence[Op]) -> None:
    """Raise if two operations could change the same key, whether or not it exists (etcd's checkIntervals)."""
    puts = sorted(op.key for op in ops if isinstance(op, Put))
    for key, following in pairwise(puts):
        if key == following:
            raise DuplicateKey(key)
    for op in ops:
        if isinstance(op, Delete):
            for key in puts:
                if histories.contains(op.start, op.end, key):
                    raise DuplicateKey(key)
