"""An image by its name and a pull policy: from the store, or pulled into it first."""

from __future__ import annotations

from typing import Literal

from podvisor.images import errors
from podvisor.images.local import Image, Store
from podvisor.images.pulling import Puller
from podvisor.images.reference import parse

Policy = Literal["always", "missing", "never"]
"""When to ask the registry, in the words of docker-run(1)."""


async def pull(store: Store, puller: Puller, name: str, *, now: float) -> Image:
    """Pull an image and give it its name. Raises ImageError."""
    with store.content.pulling():
        return store.tag(await puller.pull(parse(name)), now=now)


async def have(store: Store, puller: Puller, name: str, policy: Policy, *, now: float) -> Image:
    """Have an image here, as the policy wants it. Raises ImageError."""
    if policy != "always":
        try:
            return store.find(name)
        except errors.NotFound:
            if policy == "never":
                raise
    return await pull(store, puller, name, now=now)
