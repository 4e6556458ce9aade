"""Admission webhooks, beside a webhook server over TLS that answers as each test wants."""

import base64
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from apiserver import authority
from apiserver.conftest import Api, serving
from podvisor.apiserver.admission import accounts

Json = dict[str, Any]
GROUP = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"


class Hooks:
    """The webhook server: what it was asked, and how it answers, by path."""

    def __init__(self) -> None:
        self.asked: list[Json] = []
        self.heads: list[dict[str, str]] = []
        self.answers: dict[str, Callable[[Json], Json]] = {}
        self.port = 0
        self.bundle = ""

    async def handle(self, request: web.Request) -> web.Response:
        review = orjson.loads(await request.read())
        self.asked.append(review["request"])
        self.heads.append(dict(request.headers))
        response = {"uid": review["request"]["uid"], "allowed": True, **self.answers[request.path](review["request"])}
        body = {"apiVersion": review["apiVersion"], "kind": "AdmissionReview", "response": response}
        return web.Response(body=orjson.dumps(body), content_type="application/json")

    def hook(self, path: str, **changes: Any) -> Json:
        rule = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
        return {
            "name": f"{path.strip('/')}.hooks.example",
            "clientConfig": {"url": f"https://127.0.0.1:{self.port}{path}", "caBundle": self.bundle},
            "rules": [rule],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            **changes,
        }


@pytest.fixture
async def hooks(ca: authority.Authority, tmp_path: Path) -> AsyncGenerator[Hooks]:
    hooks = Hooks()
    hooks.bundle = base64.b64encode(ca.pem.encode()).decode()
    application = web.Application()
    application.router.add_post("/{path:.*}", hooks.handle)
    async with serving(application, ca, tmp_path) as port:
        hooks.port = port
        yield hooks


async def register(api: Api, kind: str, name: str, *hooks: Json) -> None:
    reply = await api.post(
        f"{GROUP}/{kind}webhookconfigurations", {"metadata": {"name": name}, "webhooks": list(hooks)}
    )
    assert reply.code == 201, reply.body


def patching(*operations: Json) -> Callable[[Json], Json]:
    patch = base64.b64encode(orjson.dumps(operations)).decode()
    return lambda _: {"patchType": "JSONPatch", "patch": patch}


def refusing(**status: Any) -> Callable[[Json], Json]:
    return lambda _: {"allowed": False, "status": status}


async def create(api: Api, name: str, query: str = "", **more: Any) -> Any:
    return await api.post(f"{MAPS}{query}", {"metadata": {"name": name, **more.pop("metadata", {})}, **more})


async def test_a_validating_webhook_refuses_in_its_own_words(api: Api, hooks: Hooks) -> None:
    hooks.answers = {"/a": refusing(message="no", code=403, reason="Forbidden")}
    await register(api, "validating", "v", hooks.hook("/a"))
    reply = await create(api, "one")
    assert (reply.code, reply.body["reason"]) == (403, "Forbidden")
    assert reply.message == 'admission webhook "a.hooks.example" denied the request: no'
    hooks.answers = {"/a": refusing()}
    reply = await create(api, "one")
    assert (reply.code, reply.message) == (
        400,
        'admission webhook "a.hooks.example" denied the request without explanation',
    )
    assert (await api.get(f"{MAPS}/one")).code == 404


async def test_a_webhook_is_told_everything_and_no_credentials(api: Api, hooks: Hooks) -> None:
    hooks.answers = {"/a": lambda _: {"warnings": ["mind the gap"]}}
    await register(api, "validating", "v", hooks.hook("/a"))
    reply = await create(api, "one", "?fieldManager=me&dryRun=All", data={"k": "v"})
    assert reply.code == 201
    assert "mind the gap" in reply.headers["Warning"]
    [asked] = hooks.asked
    assert asked["kind"] == asked["requestKind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert asked["resource"] == asked["requestResource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert (asked["name"], asked["namespace"], asked["operation"]) == ("one", "default", "CREATE")
    assert (asked["dryRun"], asked["oldObject"], asked["object"]["data"]) == (True, None, {"k": "v"})
    assert asked["options"]["kind"] == "CreateOptions"
    assert asked["options"]["fieldManager"] == "me"
    assert asked["userInfo"]["username"] == "admin"
    assert "system:masters" in asked["userInfo"]["groups"]
    assert not {"authorization", "cookie"} & {name.lower() for name in hooks.heads[0]}


async def test_updates_and_deletions_show_the_old_object(api: Api, hooks: Hooks) -> None:
    await create(api, "one", data={"k": "old"})
    hooks.answers = {"/a": lambda _: {}}
    await register(api, "validating", "v", hooks.hook("/a"))
    await api.patch(f"{MAPS}/one", {"data": {"k": "new"}})
    await api.delete(f"{MAPS}/one", {"gracePeriodSeconds": 0})
    update, delete = hooks.asked
    assert (update["operation"], update["object"]["data"], update["oldObject"]["data"]) == (
        "UPDATE",
        {"k": "new"},
        {"k": "old"},
    )
    assert (delete["operation"], delete["object"], delete["oldObject"]["data"]) == ("DELETE", None, {"k": "new"})
    assert delete["options"]["gracePeriodSeconds"] == 0


async def test_mutating_webhooks_change_the_object_in_order(api: Api, hooks: Hooks) -> None:
    hooks.answers = {
        "/a": patching({"op": "add", "path": "/data", "value": {"first": "1"}}),
        "/b": patching({"op": "add", "path": "/data/second", "value": "2"}),
    }
    # In the order of the configurations' names, whichever was there first.
    await register(api, "mutating", "m2", hooks.hook("/b"))
    await register(api, "mutating", "m1", hooks.hook("/a", reinvocationPolicy="IfNeeded"))
    assert (await create(api, "one")).body["data"] == {"first": "1"}
    assert [asked["object"].get("data") for asked in hooks.asked] == [
        None,
        {"first": "1"},
        {"first": "1", "second": "2"},
    ]


async def test_validating_webhooks_see_what_mutating_ones_made(api: Api, hooks: Hooks) -> None:
    hooks.answers = {"/a": patching({"op": "add", "path": "/data", "value": {"x": "y"}}), "/b": lambda _: {}}
    await register(api, "mutating", "m", hooks.hook("/a"))
    await register(api, "validating", "v", hooks.hook("/b"))
    assert (await create(api, "one")).code == 201
    assert hooks.asked[-1]["object"]["data"] == {"x": "y"}


async def test_a_webhook_that_fails_refuses_unless_it_may_be_ignored(api: Api, hooks: Hooks) -> None:
    nobody = {"url": "https://127.0.0.1:1/", "caBundle": hooks.bundle}
    await register(api, "validating", "v", hooks.hook("/a", clientConfig=nobody))
    reply = await create(api, "one")
    assert reply.code == 500
    assert reply.message.startswith('Internal error occurred: failed calling webhook "a.hooks.example": failed to call')
    await api.patch(
        f"{GROUP}/validatingwebhookconfigurations/v",
        [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}],
        "json",
    )
    assert (await create(api, "one")).code == 201


async def test_a_server_that_nobody_vouches_for_is_not_believed(api: Api, hooks: Hooks) -> None:
    hooks.answers = {"/a": lambda _: {}}
    stranger = {
        "url": f"https://127.0.0.1:{hooks.port}/a",
        "caBundle": base64.b64encode(authority.Authority().pem.encode()).decode(),
    }
    await register(api, "validating", "v", hooks.hook("/a", clientConfig=stranger))
    assert (await create(api, "one")).code == 500
    assert hooks.asked == []


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        ({"rules": [{"operations": ["UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["*"]}]}, False),
        ({"rules": [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}]}, True),
        ({"rules": [{"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["*"],
                     "scope": "Cluster"}]}, False),
        ({"objectSelector": {"matchLabels": {"l": "1"}}}, True),
        ({"objectSelector": {"matchLabels": {"l": "2"}}}, False),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}, True),
        ({"namespaceSelector": {"matchExpressions": [{"key": "none", "operator": "Exists"}]}}, False),
        ({"matchConditions": [{"name": "a", "expression": "object.metadata.name == 'one'"}]}, True),
        ({"matchConditions": [{"name": "a", "expression": "request.operation == 'UPDATE'"}]}, False),
        ({"matchConditions": [{"name": "a", "expression": "authorizer.requestResource.check('get').allowed()"}]}, True),
    ],
)  # fmt: skip
async def test_who_is_asked(api: Api, hooks: Hooks, change: Json, asked: bool) -> None:
    hooks.answers = {"/a": lambda _: {}}
    await register(api, "validating", "v", hooks.hook("/a", **change))
    assert (await create(api, "one", metadata={"labels": {"l": "1"}})).code == 201
    assert bool(hooks.asked) is asked


async def test_a_condition_that_cannot_be_evaluated_refuses(api: Api, hooks: Hooks) -> None:
    condition = [{"name": "a", "expression": "object.nothing.there"}, {"name": "b", "expression": "1 / 0 == 1"}]
    condition[0]["expression"] += " == 1"
    await register(api, "validating", "v", hooks.hook("/a", matchConditions=condition))
    reply = await create(api, "one")
    assert reply.code == 403
    first = "expression 'object.nothing.there == 1' resulted in error: no such key: nothing"
    second = "expression '1 / 0 == 1' resulted in error: division by zero"
    assert reply.message == f'configmaps "one" is forbidden: [{first}, {second}]'


async def test_no_webhook_is_asked_about_webhooks(api: Api, hooks: Hooks) -> None:
    hooks.answers = {"/a": refusing()}
    everything = [{"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}]
    await register(api, "validating", "v", hooks.hook("/a", rules=everything))
    assert (await create(api, "one")).code == 400
    assert (await api.delete(f"{GROUP}/validatingwebhookconfigurations/v")).code == 200
    assert (await create(api, "one")).code == 201


async def test_what_a_webhook_adds_gets_what_all_get(api: Api, hooks: Hooks) -> None:
    """The built-in plugins see again what webhooks have changed, and then the webhooks that want to."""
    sidecar = {"name": "sidecar", "image": "s", "terminationMessagePath": "/x", "resources": {}}
    hooks.answers = {
        "/a": lambda asked: {} if len(asked["object"]["spec"]["containers"]) > 1 else patching(
            {"op": "add", "path": "/spec/containers/-", "value": sidecar})(asked)
    }  # fmt: skip
    limit = {"type": "Container", "default": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}}
    await api.post("/api/v1/namespaces/default/limitranges", {"metadata": {"name": "l"}, "spec": {"limits": [limit]}})
    await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    await register(api, "mutating", "m", hooks.hook("/a", rules=[rule], reinvocationPolicy="IfNeeded"))
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    made = await api.post("/api/v1/namespaces/default/pods", pod)
    assert made.code == 201, made.body
    resources = [one["resources"] for one in made.body["spec"]["containers"]]
    assert resources == [{"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}] * 2
    assert [len(asked["object"]["spec"]["containers"]) for asked in hooks.asked] == [1, 2]


def test_a_container_that_comes_later_gets_the_token_that_the_others_have() -> None:
    spec: Json = {"containers": [{"name": "a"}]}
    accounts.mount_token(spec)
    spec["containers"].append({"name": "b"})
    accounts.mount_token(spec)
    assert len(spec["volumes"]) == 1
    assert spec["containers"][0]["volumeMounts"] == spec["containers"][1]["volumeMounts"]
