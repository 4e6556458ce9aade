"""Secret (https://kubernetes.io/docs/concepts/configuration/secret/#secret-types)."""

import base64
from collections.abc import Iterator
from datetime import datetime

import orjson

from podvisor.apiserver import cells, objects
from podvisor.apiserver.kinds.core import contents
from podvisor.apiserver.resource import AGE, NAME, Cells, Column, Hooks, Json, Resource
from podvisor.types import field, rules

_ACCOUNT = "kubernetes.io/service-account.name"


def _default(item: Json) -> None:
    item.setdefault("type", "Opaque")
    for key, value in item.pop("stringData", {}).items():
        item.setdefault("data", {})[key] = base64.b64encode(value.encode()).decode()


def _size(at: rules.At) -> Iterator[field.Error]:
    if sum(map(contents.decoded_size, at.value.values())) > contents.LARGEST:
        yield field.too_long(at.path, contents.LARGEST)


def _names_account(at: rules.At) -> Iterator[field.Error]:
    if not at.get("metadata", "annotations", _ACCOUNT):
        yield field.required(at.path.child("metadata", "annotations").key(_ACCOUNT))


def _has(*keys: str) -> rules.Check:
    def objections(at: rules.At) -> Iterator[field.Error]:
        for key in keys:
            if key not in at.mapping():
                yield field.required(at.path.key(key))

    return rules.Check(f"has{keys}", objections, asks_nothing=True)


def _has_user(at: rules.At) -> Iterator[field.Error]:
    """One of both will do."""
    if not {"username", "password"} & at.mapping().keys():
        yield field.required(at.path.key("username"))
        yield field.required(at.path.key("password"))


def _has_private_key(at: rules.At) -> Iterator[field.Error]:
    if not at.get("ssh-privatekey"):
        yield field.required(at.path.key("ssh-privatekey"))


def _holds_json(key: str) -> rules.Check:
    """The objection does not show what the secret holds."""

    def objections(at: rules.At) -> Iterator[field.Error]:
        if key not in at.value:
            return
        try:
            held = orjson.loads(base64.b64decode(at.value[key]))
        except orjson.JSONDecodeError:
            yield field.invalid(at.path.key(key), "<secret contents redacted>", "the content is no valid JSON")
            return
        if not isinstance(held, dict | None):
            yield field.invalid(at.path.key(key), "<secret contents redacted>", "the content is no JSON object")

    return rules.Check(f"holds_json({key})", objections)


def _of_type(kind: str, *content: rules.Rule) -> rules.Rule:
    return rules.when(rules.equals("type", f"kubernetes.io/{kind}"), *content)


def _row(item: Json, now: datetime) -> Cells:
    return (item["metadata"]["name"], item["type"], contents.count(item), cells.age(item["metadata"], now))


RULES = (
    rules.field("type", rules.immutable()),
    contents.sealed("data"),
    rules.field("data", contents.KEYS, _size),
    _of_type("service-account-token", _names_account),
    *(
        _of_type(kind, rules.field("data", _has(key), _holds_json(key)))
        for kind, key in (("dockercfg", ".dockercfg"), ("dockerconfigjson", ".dockerconfigjson"))
    ),
    _of_type("basic-auth", rules.field("data", rules.asks_nothing(_has_user))),
    _of_type("ssh-auth", rules.field("data", rules.asks_nothing(_has_private_key))),
    _of_type("tls", rules.field("data", _has("tls.crt", "tls.key"))),
)
RECORD = Resource(
    "",
    "v1",
    "secrets",
    "Secret",
    columns=(NAME, Column("Type", description="Used to facilitate programmatic handling"), contents.DATA, AGE),
    row=_row,
    hooks=Hooks(default=_default),
    rules=RULES,
    fields={"type": objects.text("type")},
)
