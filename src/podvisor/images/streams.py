"""Bytes on their way: whoever stops reading in the middle also closes where they come from."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import asynccontextmanager


@asynccontextmanager
async def closing(data: AsyncIterable[bytes]) -> AsyncGenerator[AsyncIterable[bytes]]:
    """Read bytes here, and have their source closed afterwards, however far they were read.

    A generator that is left suspended keeps its connection or file until the collector finds it, and ends then in
    nobody's task, beside others that it depends on.
    """
    try:
        yield data
    finally:
        if isinstance(data, AsyncGenerator):
            await data.aclose()
