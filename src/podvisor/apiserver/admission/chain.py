"""The contract of admission plugins."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from podvisor.apiserver.access import Authorizer
from podvisor.apiserver.access.users import User
from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.settings import Settings
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.webhooks.client import WebhookClient


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
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list[str])
    """What the client is to be warned of; plugins add to it."""
    options: Json = field(default_factory=dict[str, Any])
    """What else the request says about how it is to be done: fieldManager, gracePeriodSeconds, …"""


@dataclass(frozen=True, slots=True)
class View:
    """What a plugin may look at."""

    storage: Storage
    catalogue: Catalogue
    settings: Settings
    authorizer: Authorizer
    mounts_tokens: bool
    """Whether this server makes the tokens that pods mount."""
    webhooks: WebhookClient | None = None
    """How webhooks are reached; None where none are."""


class Plugin(Protocol):
    """One rule."""

    async def __call__(self, change: Change, view: View) -> None:
        """Let the change pass, alter it, or raise an ApiError."""
        ...


async def admit(plugins: Sequence[Plugin], change: Change, view: View) -> None:
    """Ask every plugin in turn."""
    for plugin in plugins:
        await plugin(change, view)
