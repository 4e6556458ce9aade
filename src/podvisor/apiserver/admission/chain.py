"""The contract of admission plugins."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from podvisor.apiserver import objects
from podvisor.apiserver.access import Authorizer
from podvisor.apiserver.access.users import User
from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.resource import Json, Resource
from podvisor.apiserver.settings import Settings
from podvisor.apiserver.storage import Storage
from podvisor.apiserver.webhooks.client import WebhookClient
from podvisor.base.clock import Clock, SystemClock


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
    annotations: dict[str, str] = field(default_factory=dict[str, str])
    """What the audit event of the request is to say; plugins add to it."""


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
    clock: Clock = field(default_factory=SystemClock)


class Plugin(Protocol):
    """One rule."""

    async def __call__(self, change: Change, view: View) -> None:
        """Let the change pass, alter it, or raise an ApiError."""
        ...


async def with_old(change: Change, view: View) -> Change:
    """A deletion with the object that it is about."""
    if change.operation != "DELETE" or change.old is not None:
        return change
    kv = await view.storage.find(change.resource, change.namespace, change.name)
    return replace(change, old=objects.decode(change.resource, kv)) if kv else change


async def admit(plugins: Sequence[Plugin], change: Change, view: View) -> None:
    """Ask every plugin in turn."""
    for plugin in plugins:
        await plugin(change, view)
