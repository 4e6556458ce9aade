"""Between the contract's words and etcd's messages. The only place that knows both."""

from collections.abc import Iterable, Sequence

from podvisor.store.backend import (
    Compare,
    Delete,
    DeleteResult,
    Event,
    EventKind,
    KeyValue,
    Op,
    OpResult,
    Put,
    PutResult,
    Range,
    RangeResult,
    TxnResult,
)
from podvisor.store.etcd import rpc_pb2 as rpc

_RESULTS = {
    "=": rpc.Compare.EQUAL,
    "!=": rpc.Compare.NOT_EQUAL,
    "<": rpc.Compare.LESS,
    ">": rpc.Compare.GREATER,
}


def range_request(wanted: Range) -> rpc.RangeRequest:
    """A read."""
    return rpc.RangeRequest(
        key=wanted.start,
        range_end=wanted.end or b"",
        limit=wanted.limit,
        revision=wanted.revision,
        count_only=wanted.count_only,
    )


def range_result(found: rpc.RangeResponse, revision: int) -> RangeResult:
    """What a read found; `revision` is the store's, which only the outermost header carries."""
    return RangeResult(revision, [key_value(kv) for kv in found.kvs], found.count, found.more)


def txn_request(compares: Iterable[Compare], success: Iterable[Op], failure: Iterable[Op]) -> rpc.TxnRequest:
    """A transaction."""
    return rpc.TxnRequest(
        compare=[_compare(one) for one in compares],
        success=[_operation(op) for op in success],
        failure=[_operation(op) for op in failure],
    )


def txn_result(done: rpc.TxnResponse) -> TxnResult:
    """What a transaction did."""
    revision = done.header.revision
    return TxnResult(done.succeeded, revision, [_op_result(one, revision) for one in done.responses])


def events(happened: Iterable[rpc.Event]) -> Sequence[Event]:
    """Changes, in their order."""
    return [
        Event(
            EventKind.DELETE if one.type == rpc.Event.DELETE else EventKind.PUT,
            key_value(one.kv),
            key_value(one.prev_kv) if one.HasField("prev_kv") else None,
        )
        for one in happened
    ]


def key_value(kv: rpc.KeyValue) -> KeyValue:
    """A key as some revision left it."""
    return KeyValue(kv.key, kv.value, kv.create_revision, kv.mod_revision, kv.version, kv.lease)


def _compare(wanted: Compare) -> rpc.Compare:
    compare = rpc.Compare(key=wanted.key, result=_RESULTS[wanted.op])
    match wanted.target, wanted.operand:
        case "value", bytes(operand):
            compare.target, compare.value = rpc.Compare.VALUE, operand
        case "mod_revision", int(operand):
            compare.target, compare.mod_revision = rpc.Compare.MOD, operand
        case "create_revision", int(operand):
            compare.target, compare.create_revision = rpc.Compare.CREATE, operand
        case "version", int(operand):
            compare.target, compare.version = rpc.Compare.VERSION, operand
        case "lease", int(operand):
            compare.target, compare.lease = rpc.Compare.LEASE, operand
        case _:
            raise TypeError(f"{wanted.target} cannot be compared with {wanted.operand!r}")
    return compare


def _operation(op: Op) -> rpc.RequestOp:
    match op:
        case Range():
            return rpc.RequestOp(request_range=range_request(op))
        case Put():
            return rpc.RequestOp(request_put=rpc.PutRequest(key=op.key, value=op.value, lease=op.lease, prev_kv=True))
        case Delete():
            gone = rpc.DeleteRangeRequest(key=op.start, range_end=op.end or b"", prev_kv=True)
            return rpc.RequestOp(request_delete_range=gone)


def _op_result(done: rpc.ResponseOp, revision: int) -> OpResult:
    match done.WhichOneof("response"):
        case "response_range":
            return range_result(done.response_range, revision)
        case "response_put":
            put = done.response_put
            return PutResult(key_value(put.prev_kv) if put.HasField("prev_kv") else None)
        case _:
            return DeleteResult([key_value(kv) for kv in done.response_delete_range.prev_kvs])
