"""Events: what a component did to an object, for people to read (`kubectl describe`, `kubectl get events`)."""

import asyncio
import logging
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import Any

from podvisor.base.clock import Clock
from podvisor.sdk import errors, kinds
from podvisor.sdk.client import Client
from podvisor.sdk.objects.meta import metadata_of, seconds
from podvisor.sdk.resource import Key, Resource

log = logging.getLogger(__name__)

PENDING = 1000
"""Events that wait to be written; beyond that the oldest are dropped, since they must never hold up real work."""
REMEMBERED = 4096
"""Written events that a repetition can still be counted on."""
LONGEST = 1024
"""Characters of a message that are kept (the API takes no more)."""
NORMAL = "Normal"
WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class _Said:
    """One thing said about one object; saying it again counts up."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    type: str
    reason: str
    message: str
    field: str


class Recorder:
    """Writes a component's events in the background (client-go `tools/record`).

    An event that says what an earlier one said about the same object raises that one's `count` and `lastTimestamp`.
    Events are a courtesy: one that cannot be written is logged and forgotten.
    """

    def __init__(self, client: Client, component: str, clock: Clock, host: str = "") -> None:
        """`host` is the node that the component runs on, where it speaks for one."""
        self._client = client
        self._component = component
        self._host = host
        self._clock = clock
        self._pending: deque[_Said] = deque(maxlen=PENDING)
        self._written: OrderedDict[_Said, tuple[Key, int]] = OrderedDict()
        self._added = asyncio.Event()
        self._last = 0

    def normal(self, resource: Resource[Any], thing: object, reason: str, message: str, field: str = "") -> None:
        """Something went as it should, or `field` of the object did, such as `spec.containers{web}`."""
        self._say(resource, thing, (NORMAL, reason, message[:LONGEST], field))

    def warning(self, resource: Resource[Any], thing: object, reason: str, message: str, field: str = "") -> None:
        """Something is in the way; see `normal`."""
        self._say(resource, thing, (WARNING, reason, message[:LONGEST], field))

    async def run(self) -> None:
        """Write what was said, until cancelled."""
        while True:
            await self._added.wait()
            self._added.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write everything that waits."""
        while self._pending:
            said = self._pending.popleft()
            try:
                await self._write(said)
            except (errors.ApiError, errors.Unreachable) as error:
                log.info("event %s for %s %s was not written: %s", said.reason, said.kind, said.name, error)

    def _moment(self) -> int:
        """Nanoseconds, later each time: what an event is named for, so that a list has events in their order."""
        self._last = max(self._last + 1, round(self._clock.now().timestamp() * 1e9))
        return self._last

    def _say(self, resource: Resource[Any], thing: object, words: tuple[str, str, str, str]) -> None:
        meta = metadata_of(thing)
        self._pending.append(_Said(resource.api_version, resource.kind, meta.namespace, meta.name, meta.uid, *words))
        self._added.set()

    async def _write(self, said: _Said) -> None:
        key, count = self._written.pop(said, (None, 0))
        if key is not None:
            try:
                repeated = {"count": count + 1, "lastTimestamp": seconds(self._clock.now())}
                await self._client.patch(kinds.EVENTS, key, repeated)
            except errors.NotFound:
                key, count = None, 0
        if key is None:
            key = await self._create(said)
        self._written[said] = (key, count + 1)
        if len(self._written) > REMEMBERED:
            self._written.popitem(last=False)

    async def _create(self, said: _Said) -> Key:
        key = Key(said.namespace or "default", f"{said.name}.{self._moment():x}")
        now = seconds(self._clock.now())
        involved = {
            "apiVersion": said.api_version,
            "kind": said.kind,
            "namespace": said.namespace,
            "name": said.name,
            "uid": said.uid,
            "fieldPath": said.field,
        }
        source = {"component": self._component, "host": self._host}
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": key.namespace, "name": key.name},
            "involvedObject": {field: value for field, value in involved.items() if value},
            "type": said.type,
            "reason": said.reason,
            "message": said.message,
            "source": {field: value for field, value in source.items() if value},
            "reportingComponent": self._component,
            "reportingInstance": self._host,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        await self._client.create(kinds.EVENTS, event, key.namespace)
        return key
