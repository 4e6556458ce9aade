"""Bootstrap tokens: who shows one is somebody, while its Secret says so."""

import base64
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from podvisor.apiserver import kinds, objects
from podvisor.cluster.bootstraptokens import BootstrapTokens
from podvisor.controllers import tokencleaner
from podvisor.sdk import codec
from podvisor.sdk.objects.core import Secret
from podvisor.store import embedded
from podvisor.store.backend import Backend, Put
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory_journal import MemoryJournal

TOKEN = "abcdef.0123456789abcdef"
GOOD = {
    "token-id": "abcdef",
    "token-secret": "0123456789abcdef",
    "usage-bootstrap-authentication": "true",
    "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token,system:bootstrappers:a",
}
PAST, FUTURE = "2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def store(clock: VirtualClock) -> AsyncGenerator[Backend]:
    async with embedded.running(MemoryJournal(), clock=clock) as store:
        yield store


def secret(*, type: str = "bootstrap.kubernetes.io/token", deleted: str = "", **data: str) -> dict[str, Any]:
    given = GOOD | {name.replace("_", "-"): value for name, value in data.items()}
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in given.items()}
    metadata = {"name": "bootstrap-token-abcdef", "namespace": "kube-system"}
    return {"metadata": metadata | ({"deletionTimestamp": deleted} if deleted else {}), "type": type, "data": encoded}


async def put(store: Backend, item: dict[str, Any], namespace: str = "kube-system") -> None:
    key = objects.key(kinds.catalogue().get("", "v1", "secrets"), namespace, item["metadata"]["name"])
    await store.txn([], [Put(key, orjson.dumps(item))])


async def test_who_shows_one_is_a_bootstrapper(store: Backend, clock: VirtualClock):
    tokens = BootstrapTokens(store, clock, ["api"])
    assert await tokens.known(TOKEN) is None
    await put(store, secret(expiration=FUTURE))
    known = await tokens.known(TOKEN)
    assert known is not None
    assert (known.user.name, known.audiences) == ("system:bootstrap:abcdef", ["api"])
    assert known.user.groups == (
        "system:bootstrappers",
        "system:bootstrappers:a",
        "system:bootstrappers:kubeadm:default-node-token",
    )
    assert await tokens.known(TOKEN, ["vault"]) is None
    assert await tokens.known(TOKEN, ["vault", "api"]) is not None


@pytest.mark.parametrize(
    "changed",
    [
        {"token_secret": "0123456789abcdeg"},
        {"token_secret": ""},
        {"token_id": "ghijkl"},
        {"type": "Opaque"},
        {"deleted": FUTURE},
        {"expiration": PAST},
        {"expiration": "soon"},
        {"expiration": "2999-01-01T00:00:00"},
        {"usage_bootstrap_authentication": "yes"},
        {"auth_extra_groups": "system:masters"},
        {"auth_extra_groups": "system:bootstrappers:a\nsystem:masters"},
        {"auth_extra_groups": "system:bootstrappers:a,system:masters"},
    ],
    ids=str,
)
async def test_one_whose_secret_is_not_right_is_nobodys(store: Backend, clock: VirtualClock, changed: dict[str, str]):
    await put(store, secret(**changed))
    assert await BootstrapTokens(store, clock, ["api"]).known(TOKEN) is None


@pytest.mark.parametrize(
    "token", ["abcdef.", "abcdef", f"{TOKEN}0", f"{TOKEN}\n", TOKEN.upper(), "../../x.0123456789abcdef"]
)
async def test_odd_tokens_are_nobodys(store: Backend, clock: VirtualClock, token: str):
    await put(store, secret())
    assert await BootstrapTokens(store, clock, ["api"]).known(token) is None


async def test_one_of_another_namespace_counts_nothing(store: Backend, clock: VirtualClock):
    await put(store, secret(), "default")
    assert await BootstrapTokens(store, clock, ["api"]).known(TOKEN) is None


@pytest.mark.parametrize(
    ("data", "left"),
    [({}, None), ({"expiration": "soon"}, 0), ({"expiration": "2999-01-01"}, 0), ({"expiration": FUTURE}, 1.0)],
)
def test_a_token_is_deleted_at_its_end(data: dict[str, str], left: float | None):
    found = codec.decode(codec.encode(secret(**data)), Secret)
    now = datetime(2998, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert tokencleaner.time_left(found, now) == left
    assert "MDEy" not in repr(found)
