"""An image by its name and a pull policy: from the store, or pulled into it first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from podvisor.images import errors
from podvisor.images.local import Image, Store
from podvisor.images.pulling import Puller
from podvisor.images.reference import parse
from podvisor.images.registry.credentials import Login

Policy = Literal["always", "missing", "never"]
"""When to ask the registry, in the words of docker-run(1)."""


Users = Callable[[Login | None], tuple[str, ...]]
"""Says for whom an image is that was pulled as this login, or as nobody."""


async def pull(store: Store, puller: Puller, name: str, *, now: float, users: Users = lambda _: ()) -> Image:
    """Pull an image and give it its name. Raises ImageError."""
    with store.content.pulling():
        pulled = await puller.pull(parse(name))
        return store.tag(pulled, now=now, users=users(pulled.login))


async def have(store: Store, puller: Puller, name: str, policy: Policy, *, now: float) -> Image:
    """Have an image here, as the policy wants it. Raises ImageError."""
    if policy != "always":
        try:
            return store.find(name)
        except errors.NotFound:
            if policy == "never":
                raise
    return await pull(store, puller, name, now=now)
