"""ServiceAccount tokens, and when they stop being believed."""

import base64
import hmac
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from podvisor.apiserver import cells, kinds, objects
from podvisor.apiserver.access import Rejected
from podvisor.apiserver.tokens import TokenClaims
from podvisor.cluster import certificates
from podvisor.cluster.tokenkeys import TokenKeys
from podvisor.cluster.tokens import ISSUER, ServiceAccountTokens
from podvisor.store import embedded
from podvisor.store.backend import Backend, Delete, Put
from podvisor.testing.clock import VirtualClock
from podvisor.testing.memory_journal import MemoryJournal

CLAIMS = TokenClaims("prod", "robot", "uid-1", [ISSUER], 600)
BOUND = TokenClaims("prod", "robot", "uid-1", [ISSUER], 600, {"kind": "Pod", "name": "web-0", "uid": "uid-2"})


def key(plural: str, name: str) -> bytes:
    return objects.key(kinds.catalogue().get("", "v1", plural), "" if plural == "nodes" else "prod", name)


async def store_object(store: Backend, plural: str, name: str, uid: str, deleted: datetime | None = None) -> None:
    """Put an object of which only the metadata matter."""
    metadata = {"name": name, "namespace": "prod", "uid": uid}
    metadata |= {"deletionTimestamp": cells.timestamp(deleted)} if deleted else {}
    await store.txn([], [Put(key(plural, name), orjson.dumps({"metadata": metadata}))])


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def store(clock: VirtualClock) -> AsyncGenerator[Backend]:
    async with embedded.running(MemoryJournal(), clock=clock) as store:
        await store_object(store, "serviceaccounts", "robot", "uid-1")
        await store_object(store, "pods", "web-0", "uid-2")
        yield store


@pytest.fixture
def tokens(store: Backend, clock: VirtualClock) -> ServiceAccountTokens:
    return ServiceAccountTokens(certificates.signing_key(), store, clock)


async def test_a_token_stands_for_its_account(tokens: ServiceAccountTokens, clock: VirtualClock):
    token, ends = tokens.issue(CLAIMS, clock.now())
    known = await tokens.known(token)
    assert known is not None
    user = known.user
    assert (user.name, user.uid) == ("system:serviceaccount:prod:robot", "uid-1")
    assert user.groups == ("system:serviceaccounts", "system:serviceaccounts:prod")
    assert ends == clock.now() + timedelta(seconds=600)


async def test_its_claims_are_those_that_clients_know(tokens: ServiceAccountTokens, clock: VirtualClock):
    token, ends = tokens.issue(BOUND, clock.now())
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["iss"], claims["aud"], claims["exp"]) == (ISSUER, [ISSUER], ends.timestamp())
    assert claims["sub"] == "system:serviceaccount:prod:robot"
    assert claims["kubernetes.io"] == {
        "namespace": "prod",
        "serviceaccount": {"name": "robot", "uid": "uid-1"},
        "pod": {"name": "web-0", "uid": "uid-2"},
    }


async def test_it_ends_with_its_time(tokens: ServiceAccountTokens, clock: VirtualClock):
    token, _ = tokens.issue(CLAIMS, clock.now())
    await clock.advance(599)
    assert await tokens.known(token)
    await clock.advance(1)
    assert await rejection(tokens, token) == "service account token has expired"


async def test_it_ends_with_its_account(tokens: ServiceAccountTokens, store: Backend, clock: VirtualClock):
    token, _ = tokens.issue(CLAIMS, clock.now())
    await store_object(store, "serviceaccounts", "robot", "another of the same name")
    assert await rejection(tokens, token) == "service account prod/robot has been deleted"


async def test_it_ends_with_the_pod_it_is_bound_to(tokens: ServiceAccountTokens, store: Backend, clock: VirtualClock):
    token, _ = tokens.issue(BOUND, clock.now())
    known = await tokens.known(token)
    assert known is not None
    user = known.user
    assert user.extra["authentication.kubernetes.io/pod-name"] == ["web-0"]
    await store.txn([], [Delete(key("pods", "web-0"))])
    assert await rejection(tokens, token) == "service account token has been invalidated"


@pytest.mark.parametrize("plural", ["serviceaccounts", "pods"])
async def test_it_ends_a_minute_after_a_deletion_is_due_though_a_finalizer_holds_the_object(
    tokens: ServiceAccountTokens, store: Backend, clock: VirtualClock, plural: str
):
    token, _ = tokens.issue(BOUND, clock.now())
    name, uid = ("web-0", "uid-2") if plural == "pods" else ("robot", "uid-1")
    await store_object(store, plural, name, uid, deleted=clock.now())
    await clock.advance(59)
    assert await tokens.known(token)
    await clock.advance(2)
    assert "service account" in await rejection(tokens, token)


async def test_it_ends_with_the_secret_or_node_it_is_bound_to(
    tokens: ServiceAccountTokens, store: Backend, clock: VirtualClock
):
    for kind, plural in (("Secret", "secrets"), ("Node", "nodes")):
        await store_object(store, plural, "it", "uid-3")
        bound = replace(CLAIMS, bound_to={"kind": kind, "name": "it", "uid": "uid-3"})
        token, _ = tokens.issue(bound, clock.now())
        assert await tokens.known(token)
        await store_object(store, plural, "it", "uid-4")
        assert await rejection(tokens, token) == "service account token has been invalidated"


async def test_who_shows_it_is_known_with_his_pod_and_node(tokens: ServiceAccountTokens, clock: VirtualClock):
    token, _ = tokens.issue(replace(BOUND, node={"name": "n1", "uid": "uid-9"}), clock.now())
    known = await tokens.known(token)
    assert known is not None
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["kubernetes.io"]["node"] == {"name": "n1", "uid": "uid-9"}
    prefix = "authentication.kubernetes.io"
    assert known.user.extra == {
        f"{prefix}/credential-id": [f"JTI={claims['jti']}"],
        f"{prefix}/node-name": ["n1"],
        f"{prefix}/node-uid": ["uid-9"],
        f"{prefix}/pod-name": ["web-0"],
        f"{prefix}/pod-uid": ["uid-2"],
    }


async def test_one_for_another_audience_is_not_ours(tokens: ServiceAccountTokens, clock: VirtualClock):
    token, _ = tokens.issue(TokenClaims("prod", "robot", "uid-1", ["vault"], 600), clock.now())
    why = f'token audiences ["vault"] is invalid for the target audiences ["{ISSUER}"]'
    assert await rejection(tokens, token) == why
    known = await tokens.known(token, ["other", "vault"])
    assert known is not None
    assert known.audiences == ["vault"]


def unverified(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def der(token_keys: TokenKeys) -> bytes:
    return token_keys.signing.public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def forged_with_hmac(claims: dict[str, Any], secret: bytes, headers: dict[str, Any]) -> str:
    """What PyJWT refuses to make: a token whose HMAC's secret is a public key."""
    parts = [orjson.dumps({"alg": "HS256", "typ": "JWT"} | headers), orjson.dumps(claims)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.digest(secret, text, "sha256")).rstrip(b"=")
    return f"{text.decode()}.{signature.decode()}"


async def test_forgeries_are_not_believed(store: Backend, clock: VirtualClock):
    pem, other_pem = certificates.signing_key(), certificates.signing_key()
    tokens, ours, other = ServiceAccountTokens(pem, store, clock), TokenKeys(pem), TokenKeys(other_pem)
    token, _ = tokens.issue(CLAIMS, clock.now())
    claims = unverified(token)
    text = ours.signing.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    kid = {"kid": ours.signing.id}
    head, body, signature = token.split(".")
    more = base64.urlsafe_b64encode(orjson.dumps(claims | {"aud": ["others"]})).rstrip(b"=").decode()
    odd_heads = [{"kid": value} for value in (7, ["a"], {}, "../sa.key", "' OR 1=1", ours.signing.id + "=")]
    odd_heads += [kid | {"jwk": other.published()[0]}, kid | {"jku": "https://example.com"}]
    forgeries = [
        *(jwt.encode(claims, other_pem, "ES256", one) for one in (kid, {}, {"kid": other.signing.id}, *odd_heads[3:])),
        *(jwt.encode(claims, None, "none", one) for one in (kid, {})),
        *(forged_with_hmac(claims, secret, kid) for secret in (text, text.strip(), der(ours), b"")),
        *(f"{head}.{more}.{signature}", f"{head}.{body}.", f"{head}..{signature}", f".{body}.{signature}"),
        *(token[:-4] + "AAAA", f"{token}.x", token + "=", "nonsense", "a.b.c", "..", ""),
    ]
    for forged in forgeries:
        assert not await is_believed(tokens, forged), forged
    for odd in odd_heads[:3]:
        assert not await is_believed(tokens, forged_with_hmac(claims, b"x", odd)), odd
    assert await is_believed(tokens, token)


async def test_an_extension_that_is_critical_is_not_overlooked(store: Backend, clock: VirtualClock):
    pem = certificates.signing_key()
    tokens = ServiceAccountTokens(pem, store, clock)
    claims = unverified(tokens.issue(CLAIMS, clock.now())[0])
    assert await is_believed(tokens, jwt.encode(claims, pem, "ES256"))
    assert not await is_believed(tokens, jwt.encode(claims, pem, "ES256", {"crit": ["exp"]}))


async def is_believed(tokens: ServiceAccountTokens, token: str) -> bool:
    try:
        return await tokens.known(token) is not None
    except Rejected:
        return False


async def rejection(tokens: ServiceAccountTokens, token: str) -> str:
    with pytest.raises(Rejected) as caught:
        await tokens.known(token)
    return str(caught.value)


def rsa_pem() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


async def test_a_new_key_signs_and_earlier_ones_are_believed(store: Backend, clock: VirtualClock):
    old = rsa_pem()
    token, _ = ServiceAccountTokens(old, store, clock).issue(CLAIMS, clock.now())
    public = TokenKeys(old).signing.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    new = ServiceAccountTokens(certificates.signing_key(), store, clock, [public])
    assert await is_believed(new, token)
    assert jwt.get_unverified_header(new.issue(CLAIMS, clock.now())[0])["alg"] == "ES256"
    assert [key["alg"] for key in new.published_keys()] == ["ES256", "RS256"]


@pytest.mark.parametrize("pem", [rsa_pem(), certificates.signing_key()], ids=["RSA", "ECDSA"])
async def test_others_verify_with_the_keys_that_are_published(pem: bytes, store: Backend, clock: VirtualClock):
    tokens = ServiceAccountTokens(pem, store, clock)
    token, _ = tokens.issue(CLAIMS, clock.now())
    header, (key,) = jwt.get_unverified_header(token), tokens.published_keys()
    assert (header["kid"], header["alg"]) == (key["kid"], key["alg"])
    checks = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    found = jwt.decode(token, jwt.PyJWK(dict(key)), [key["alg"]], audience=ISSUER, options=checks)
    assert found["sub"] == "system:serviceaccount:prod:robot"


def test_the_id_of_a_key_is_that_of_kubernetes():
    # The key of RFC 7515 A.3, and the id that Kubernetes makes of it.
    numbers = {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"}
    key = jwt.PyJWK(numbers | {"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0", "alg": "ES256"}).key
    private = certificates.signing_key()
    keys = TokenKeys(private, [key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)])
    assert keys.published()[1] == {
        **numbers,
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "alg": "ES256",
        "use": "sig",
        "kid": "K9G7DESol8MKeqCZHN442AYv5EHeUNoPRoJTRPYC6Cc",
    }


@pytest.mark.parametrize(
    "claims",
    [
        {"nbf": "soon"},
        {"nbf": [1]},
        {"exp": {}},
        {"kubernetes.io": "text"},
        {"kubernetes.io": {}},
        {"kubernetes.io": {"namespace": 1, "serviceaccount": {"name": "robot", "uid": "uid-1"}}},
        {"kubernetes.io": {"namespace": "prod", "serviceaccount": ["robot"]}},
        {"kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "robot"}}},
        {"kubernetes.io": {"namespace": "prod", "serviceaccount": {"name": "robot", "uid": "uid-1"}, "pod": "web-0"}},
    ],
    ids=str,
)
async def test_odd_claims_under_our_own_signature_stand_for_nobody(
    store: Backend, clock: VirtualClock, claims: dict[str, object]
):
    key = certificates.signing_key()
    tokens = ServiceAccountTokens(key, store, clock)
    good = jwt.decode(tokens.issue(CLAIMS, clock.now())[0], options={"verify_signature": False})
    assert await is_believed(tokens, jwt.encode(good, key, "ES256"))
    assert not await is_believed(tokens, jwt.encode(good | claims, key, "ES256"))
