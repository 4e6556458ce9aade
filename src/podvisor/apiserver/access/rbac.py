"""Role-based access: what the roles that are bound to a user, or to a group of his, allow.

https://kubernetes.io/docs/reference/access-authn-authz/rbac/ . All roles and bindings are in memory, by whom they are
about, so that a request looks at nothing but its own; one watch of the store keeps them current.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from podvisor.apiserver.access import rules
from podvisor.apiserver.access.policy import Attributes, Decision, Rule
from podvisor.apiserver.access.users import User
from podvisor.store import Compacted
from podvisor.store.backend import Backend, EventKind, KeyValue, Watch, prefix_end

GROUP = "rbac.authorization.k8s.io"
_PREFIX = f"/registry/{GROUP}/".encode()
_ACCOUNT = "system:serviceaccount:"

Subject: TypeAlias = tuple[str, str]
"""A kind (User or Group) and a name."""
RoleKey: TypeAlias = tuple[str, str, str]
"""Kind, namespace and name of a role."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that is given to somebody, in a namespace or, with an empty one, everywhere."""

    namespace: str
    role: RoleKey
    reason: str


class Grants:
    """Who has which roles, and what these allow: the stored objects, turned round."""

    def __init__(self) -> None:
        self._roles: dict[RoleKey, Sequence[Rule]] = {}
        self._given: dict[Subject, dict[str, list[Grant]]] = {}
        self._bindings: dict[RoleKey, Sequence[tuple[Subject, Grant]]] = {}

    def put(self, item: dict[str, Any]) -> None:
        """Take in a role or binding, in place of what was known under its name."""
        key = _key(item)
        if key[0] in ("Role", "ClusterRole"):
            self._roles[key] = rules.of_role(item)
            return
        self.drop(key)
        given = self._bindings[key] = list(_given(item))
        for subject, grant in given:
            self._given.setdefault(subject, {}).setdefault(grant.namespace, []).append(grant)

    def drop(self, key: RoleKey) -> None:
        """Forget a role or binding."""
        self._roles.pop(key, None)
        for subject, grant in self._bindings.pop(key, ()):
            self._given[subject][grant.namespace].remove(grant)

    def of_role(self, key: RoleKey) -> Sequence[Rule] | None:
        """What a role allows; None if there is none."""
        return self._roles.get(key)

    def decide(self, user: User, asked: Attributes) -> Decision:
        """Whether `user` may."""
        for grant in self._of(user, asked.namespace):
            for rule in self._roles.get(grant.role, ()):
                if rules.allows(rule, asked):
                    return Decision(True, grant.reason)
        return Decision(False)

    def rules(self, user: User, namespace: str) -> Sequence[Rule]:
        """All that `user` may do in a namespace."""
        return [rule for grant in self._of(user, namespace) for rule in self._roles.get(grant.role, ())]

    def _of(self, user: User, namespace: str) -> Iterator[Grant]:
        for subject in (("User", user.name), *(("Group", group) for group in user.groups)):
            if given := self._given.get(subject):
                yield from given.get("", ())
                if namespace:
                    yield from given.get(namespace, ())


class Rbac:
    """The `Authorizer` over the stored roles and bindings. It decides while `run` follows them."""

    def __init__(self, store: Backend) -> None:
        self._store = store
        self._grants = Grants()
        self._ready = asyncio.Event()

    async def authorize(self, user: User, asked: Attributes) -> Decision:
        """See Authorizer."""
        return (await self._current()).decide(user, asked)

    async def rules(self, user: User, namespace: str) -> Sequence[Rule]:
        """See Authorizer."""
        return (await self._current()).rules(user, namespace)

    async def _current(self) -> Grants:
        if not self._ready.is_set():
            await self._ready.wait()
        return self._grants

    async def run(self) -> None:
        """Follow what is stored, until cancelled or until the store ends."""
        while True:
            watch = await self._read()
            try:
                async for batch in watch:
                    for event in batch.events:
                        self._take(event.kind, event.kv)
                return
            except Compacted:
                continue
            finally:
                watch.close()

    async def _read(self) -> Watch:
        """Read all anew; what follows."""
        found = await self._store.range(_PREFIX, prefix_end(_PREFIX))
        grants = Grants()
        for kv in found.kvs:
            grants.put(orjson.loads(kv.value))
        self._grants = grants
        self._ready.set()
        return self._store.watch(_PREFIX, prefix_end(_PREFIX), revision=found.revision + 1)

    def _take(self, kind: EventKind, kv: KeyValue) -> None:
        if kind is EventKind.DELETE:
            self._grants.drop(_stored(kv.key))
        else:
            self._grants.put(orjson.loads(kv.value))


_KINDS = {
    "roles": "Role",
    "clusterroles": "ClusterRole",
    "rolebindings": "RoleBinding",
    "clusterrolebindings": "ClusterRoleBinding",
}


def _stored(key: bytes) -> RoleKey:
    """Whose key in the store this is."""
    plural, *namespace, name = key[len(_PREFIX) :].decode().split("/")
    return _KINDS[plural], "".join(namespace), name


def _key(item: dict[str, Any]) -> RoleKey:
    metadata = item["metadata"]
    return item["kind"], metadata.get("namespace", ""), metadata["name"]


def role_of(binding: dict[str, Any]) -> RoleKey:
    """The role that a binding is to."""
    ref = binding.get("roleRef", {})
    kind = ref.get("kind", "")
    return kind, binding["metadata"].get("namespace", "") if kind == "Role" else "", ref.get("name", "")


def _given(binding: dict[str, Any]) -> Iterator[tuple[Subject, Grant]]:
    kind, namespace, name = _key(binding)
    role = role_of(binding)
    where = f"{namespace}/{name}" if namespace else name
    for subject in binding.get("subjects") or ():
        shown, whom = subject["kind"], subject["name"]
        if shown == "ServiceAccount":
            space = subject.get("namespace") or namespace
            shown_name, subject_key = f"{whom}/{space}", ("User", f"{_ACCOUNT}{space}:{whom}")
        else:
            shown_name, subject_key = whom, (shown, whom)
        reason = f'RBAC: allowed by {kind} "{where}" of {role[0]} "{role[2]}" to {shown} "{shown_name}"'
        yield subject_key, Grant(namespace, role, reason)
