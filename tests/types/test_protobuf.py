"""Kubernetes' protobuf, read: what Go's typed clients send."""

import pytest

from podvisor.types import decode, protobuf


def field(number: int, content: bytes | int) -> bytes:
    """A field of a message (https://protobuf.dev/programming-guides/encoding/)."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content % 2**64)
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def lease(renewed: bytes) -> bytes:
    """A Lease with a renewTime, as client-go encodes it."""
    kind = field(1, b"coordination.k8s.io/v1") + field(2, b"Lease")
    return protobuf.MAGIC + field(1, kind) + field(2, field(2, field(4, renewed)))


@pytest.mark.parametrize(
    ("seconds", "nanoseconds", "shown"),
    [
        (-62135596798, 0, "0001-01-01T00:00:02.000000Z"),
        (-30610224000, 5000, "1000-01-01T00:00:00.000005Z"),
        (1700000000, 999999999, "2023-11-14T22:13:20.999999Z"),
    ],
)
def test_times_have_years_of_four_digits(seconds: int, nanoseconds: int, shown: str) -> None:
    decoded = protobuf.decode(lease(field(1, seconds) + field(2, nanoseconds)))
    assert decoded["spec"]["renewTime"] == shown


def test_a_time_that_no_calendar_has_is_no_object() -> None:
    with pytest.raises(decode.WrongType, match="the protobuf message is broken"):
        protobuf.decode(lease(field(1, 2**62)))
