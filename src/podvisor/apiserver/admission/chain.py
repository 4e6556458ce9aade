"""The contract of admission plugins."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from podvisor.apiserver.access import Authorizer
from podvisor.apiserver.access.users import User
from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.settings import Settings
from podvisor.apiserver.storage import Storage


@dataclass(frozen=True, slots=True)
class Change:
    """What is about to be done. Plugins may change `new`."""

    operation: Literal["CREATE", "UPDATE", "DELETE"]
    resource: Resource
    namespace: str
    name: str
    subresource: str
    new: Json | None
    old: Json | None
    user: User


@dataclass(frozen=True, slots=True)
class View:
    """What a plugin may look at."""

    storage: Storage
    catalogue: Catalogue
    settings: Settings
    authorizer: Authorizer
    mounts_tokens: bool
    """Whether this server makes the tokens that pods mount."""


class Plugin(Protocol):
    """One rule."""

    async def __call__(self, change: Change, view: View) -> None:
        """Let the change pass, alter it, or raise an ApiError."""
        ...


async def admit(plugins: Sequence[Plugin], change: Change, view: View) -> None:
    """Ask every plugin in turn."""
    for plugin in plugins:
        await plugin(change, view)
