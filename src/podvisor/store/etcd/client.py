"""Calls to etcd: one method of its gRPC services each, with etcd's refusals turned into the store's errors."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from grpc import aio

from podvisor.store.errors import (
    Compacted,
    DuplicateKey,
    FutureRevision,
    LeaseExists,
    LeaseNotFound,
    NoSpace,
    StoreError,
    Unavailable,
)

M = TypeVar("M", bound=Message)

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
"""A range may hold more than gRPC's 4 MB; etcd itself limits what is written."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Which etcd, and as whom."""

    target: str = "127.0.0.1:2379"
    """As gRPC names targets: `host:port`, or `ipv4:a:2379,b:2379` for the members of a cluster."""
    authority: bytes = b""
    """PEM of the CA that etcd's certificate descends from; empty speaks without TLS."""
    certificate: bytes = b""
    """PEM of our own certificate, where etcd asks for one."""
    key: bytes = b""
    """PEM of its private key."""


class Refused(Exception):
    """etcd, or the way to it, said no."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(f"{code.name}: {details}")
        self.code = code
        self.details = details


class Client:
    """The calls that the backend makes. Every one raises Refused."""

    def __init__(self, settings: Settings) -> None:
        if settings.authority:
            credentials = grpc.ssl_channel_credentials(
                settings.authority, settings.key or None, settings.certificate or None
            )
            self._channel = aio.secure_channel(settings.target, credentials, options=UNLIMITED)
        else:
            self._channel = aio.insecure_channel(settings.target, options=UNLIMITED)

    async def close(self) -> None:
        """Give up the connections."""
        await self._channel.close()

    async def call(self, method: str, request: Message, response: type[M]) -> M:
        """One request, one response: `KV/Range`, `Lease/LeaseGrant`, ..."""
        unary = self._channel.unary_unary(f"/etcdserverpb.{method}", _bytes, response.FromString)
        try:
            return await unary(request)
        except aio.AioRpcError as error:
            raise Refused(error.code(), error.details() or "") from error

    async def stream(self, method: str, requests: AsyncIterator[Message], response: type[M]) -> AsyncIterator[M]:
        """A stream both ways: `Watch/Watch`, `Lease/LeaseKeepAlive`. Leaving the iterator ends it."""
        call = self._channel.stream_stream(f"/etcdserverpb.{method}", _bytes, response.FromString)(requests)
        try:
            async for message in call:
                yield message
        except aio.AioRpcError as error:
            raise Refused(error.code(), error.details() or "") from error
        finally:
            call.cancel()


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


def translated(refused: Refused, *, revision: int = 0, lease: int = 0) -> StoreError:
    """The store's word for a refusal, by the texts of etcd's `rpctypes`.

    etcd does not tell which revision is the oldest or the newest, so Compacted and FutureRevision come with 0 for it.
    """
    told = refused.details
    if "has been compacted" in told:
        return Compacted(0)
    if "is a future revision" in told:
        return FutureRevision(revision, 0)
    if "duplicate key given" in told:
        return DuplicateKey(b"")
    if "requested lease not found" in told:
        return LeaseNotFound(lease)
    if "lease already exists" in told:
        return LeaseExists(lease)
    if "database space exceeded" in told:
        return NoSpace(told)
    return Unavailable(f"etcd: {told or refused.code.name}")
