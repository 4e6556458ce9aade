"""Custom resources whose versions a webhook converts: a server over TLS on loopback that answers as each test wants."""

import base64
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from apiserver import authority
from apiserver.caller import DEFINITIONS, Caller, calling, definition, version
from apiserver.conftest import serving
from podvisor.apiserver.webhooks import client

Json = dict[str, Any]
V1, V2 = (f"/apis/example.com/{one}/namespaces/default/widgets" for one in ("v1", "v2"))


def schema(**fields: str) -> Json:
    spec = {"type": "object", "properties": {name: {"type": kind} for name, kind in fields.items()}}
    return {"type": "object", "properties": {"spec": spec}}


SCHEMA1, SCHEMA2 = schema(size="integer"), schema(width="string")


class Converter:
    """The webhook: v1 has a `size`, v2 the same as a text called `width`."""

    def __init__(self) -> None:
        self.asked: list[Json] = []
        self.change: Callable[[Json], Any] = lambda item: item
        self.response: Callable[[Json], Json] = lambda response: response
        self.definition: Json = {}
        self.webhook: Json = {}

    async def handle(self, request: web.Request) -> web.Response:
        review = orjson.loads(await request.read())
        asked = review["request"]
        self.asked.append(asked)
        made = [self.change(self.converted(item, asked["desiredAPIVersion"])) for item in asked["objects"]]
        response = {"uid": asked["uid"], "result": {"status": "Success"}, "convertedObjects": made}
        body = {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": self.response(response)}
        return web.Response(body=orjson.dumps(body), content_type="application/json")

    @staticmethod
    def converted(item: Json, wanted: str) -> Json:
        spec = item.get("spec", {})
        if wanted.endswith("/v2"):
            shown = {"width": str(spec["size"])} if "size" in spec else {}
        else:
            shown = {"size": int(spec["width"])} if "width" in spec else {}
        return item | {"apiVersion": wanted, "spec": shown}

    def wanted(self) -> Sequence[str]:
        """To which versions it was asked to convert how many objects."""
        return [f"{one['desiredAPIVersion'].rpartition('/')[2]}:{len(one['objects'])}" for one in self.asked]


def widget(name: str, served: str = "v2", labels: Json | None = None, **spec: Any) -> Json:
    metadata = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": f"example.com/{served}", "kind": "Widget", "metadata": metadata, "spec": spec}


@pytest.fixture
async def hook(ca: authority.Authority, tmp_path: Path) -> AsyncGenerator[Converter]:
    hook = Converter()
    application = web.Application()
    application.router.add_post("/convert", hook.handle)
    async with serving(application, ca, tmp_path) as port:
        bundle = base64.b64encode(ca.pem.encode()).decode()
        hook.webhook = {
            "clientConfig": {"url": f"https://127.0.0.1:{port}/convert", "caBundle": bundle},
            "conversionReviewVersions": ["v1"],
        }
        hook.definition = definition(
            versions=[
                version("v1", SCHEMA1, selectableFields=[{"jsonPath": ".spec.size"}]),
                version("v2", SCHEMA2, storage=False, selectableFields=[{"jsonPath": ".spec.width"}]),
            ],
            conversion={"strategy": "Webhook", "webhook": hook.webhook},
        )
        yield hook


@pytest.fixture
async def api(hook: Converter) -> AsyncGenerator[Caller]:
    async with calling() as api:
        await api.define(hook.definition)
        yield api


async def test_an_object_is_stored_in_one_version_and_served_in_all(api, hook):
    created = await api.post(V2, widget("a", width="3"))
    assert (created.code, created.body["spec"], created.body["apiVersion"]) == (201, {"width": "3"}, "example.com/v2")
    # To the version that is stored, and what was stored back again.
    assert hook.wanted() == ["v1:1", "v2:1"]
    [stored] = (await api.store.range(b"/registry/example.com/widgets/default/a")).kvs
    assert orjson.loads(stored.value)["spec"] == {"size": 3}
    assert (await api.get(f"{V1}/a")).body["spec"] == {"size": 3}
    assert len(hook.asked) == 2
    read = (await api.get(f"{V2}/a")).body
    assert (read["spec"], read["metadata"]) == ({"width": "3"}, created.body["metadata"])


async def test_changes_come_in_every_version(api, hook):
    await api.post(V1, widget("a", "v1", size=3))
    assert hook.asked == []
    changed = await api.patch(f"{V2}/a", {"spec": {"width": "4"}, "metadata": {"labels": {"l": "1"}}})
    assert (changed.code, changed.body["spec"]) == (200, {"width": "4"})
    read = (await api.get(f"{V1}/a")).body
    assert (read["spec"], read["metadata"]["labels"], read["metadata"]["generation"]) == ({"size": 4}, {"l": "1"}, 2)
    replaced = await api.put(f"{V2}/a", (await api.get(f"{V2}/a")).body | {"spec": {"width": "5"}})
    assert (replaced.code, (await api.get(f"{V1}/a")).body["spec"]) == (200, {"size": 5})
    dry = await api.patch(f"{V2}/a", {"spec": {"width": "6"}}, dryRun="All")
    assert (dry.body["spec"], (await api.get(f"{V1}/a")).body["spec"]) == ({"width": "6"}, {"size": 5})


async def test_a_change_that_changes_nothing_writes_nothing(api):
    created = await api.post(V2, widget("a", width="3"))
    changed = await api.patch(f"{V2}/a", {"spec": {"width": "3"}})
    assert changed.body["metadata"]["resourceVersion"] == created.body["metadata"]["resourceVersion"]


async def test_a_list_is_converted_in_one_review(api, hook):
    for name in "abc":
        await api.post(V1, widget(name, "v1", {"l": name}, size=1))
    found = (await api.get(V2)).body
    assert [item["spec"] for item in found["items"]] == [{"width": "1"}] * 3
    assert hook.wanted() == ["v2:3"]
    assert {item["apiVersion"] for item in found["items"]} == {"example.com/v2"}
    table = await api("GET", V2, accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    assert [row["cells"][0] for row in table.body["rows"]] == ["a", "b", "c"]
    page = (await api.get(V2, fieldSelector="spec.width=1", limit="2")).body["items"]
    assert [item["metadata"]["name"] for item in page] == ["a", "b"]
    assert (await api.get(V2, fieldSelector="spec.width=2")).body["items"] == []


async def test_objects_of_several_versions_are_listed_together(api, hook):
    await api.post(V1, widget("a", "v1", size=1))
    versions = [
        version("v1", SCHEMA1, storage=False),
        version("v2", SCHEMA2),
    ]
    await api.redefine(*versions)
    status = (await api.get(f"{DEFINITIONS}/widgets.example.com")).body["status"]
    assert status["storedVersions"] == ["v1", "v2"]
    await api.post(V2, widget("b", width="2"))
    hook.asked.clear()
    assert [item["spec"] for item in (await api.get(V1)).body["items"]] == [{"size": 1}, {"size": 2}]
    assert [item["spec"] for item in (await api.get(V2)).body["items"]] == [{"width": "1"}, {"width": "2"}]
    assert hook.wanted() == ["v1:1", "v2:1"]
    # Whoever writes an object again has it stored in the version that is stored now.
    before = (await api.get(f"{V1}/a")).body
    moved = await api.put(f"{V1}/a", before)
    assert moved.body["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    [stored] = (await api.store.range(b"/registry/example.com/widgets/default/a")).kvs
    assert orjson.loads(stored.value)["spec"] == {"width": "1"}
    fewer = await api.patch(f"{DEFINITIONS}/widgets.example.com/status", {"status": {"storedVersions": ["v2"]}})
    assert fewer.body["status"]["storedVersions"] == ["v2"]


async def test_watches_show_their_own_version(api):
    await api.post(V1, widget("a", "v1", size=1))
    stream = await api.watch(V2)
    events = aiter(stream)

    async def following() -> tuple[str, Json]:
        found = orjson.loads(await anext(events))
        return found["type"], found["object"]["spec"]

    assert await following() == ("ADDED", {"width": "1"})
    await api.patch(f"{V1}/a", {"spec": {"size": 2}})
    assert await following() == ("MODIFIED", {"width": "2"})
    await api.delete(f"{V1}/a")
    assert await following() == ("DELETED", {"width": "2"})
    await stream.aclose()


async def test_a_watch_of_the_past_shows_its_own_version(api):
    revision = (await api.get(V1)).body["metadata"]["resourceVersion"]
    await api.post(V1, widget("a", "v1", size=1))
    stream = await api.watch(V2, resourceVersion=revision)
    found = orjson.loads(await anext(aiter(stream)))
    assert (found["type"], found["object"]["spec"]) == ("ADDED", {"width": "1"})
    await stream.aclose()


async def test_a_watch_ends_with_the_failure_of_a_conversion(api, hook):
    hook.response = lambda _: {"uid": "another"}
    stream = await api.watch(V2)
    await api.post(V1, widget("a", "v1", size=1))
    found = orjson.loads(await anext(aiter(stream)))
    assert (found["type"], found["object"]["code"]) == ("ERROR", 500)
    assert found["object"]["message"].startswith(
        "conversion webhook for example.com/v1, Kind=Widget failed: expected resp"
    )
    await stream.aclose()


async def test_deletions_work_in_every_version(api):
    for name in "abc":
        await api.post(V1, widget(name, "v1", size=1))
    assert (await api.delete(f"{V2}/a")).code == 200
    await api.patch(f"{V1}/b", {"metadata": {"finalizers": ["example.com/keep"]}})
    kept = (await api.delete(f"{V2}/b")).body
    assert (kept["spec"], "deletionTimestamp" in kept["metadata"]) == ({"width": "1"}, True)
    assert (await api.patch(f"{V2}/b", {"metadata": {"finalizers": None}})).code == 200
    deleted = await api("DELETE", V2)
    assert [item["spec"] for item in deleted.body["items"]] == [{"width": "1"}]
    assert (await api.get(V1)).body["items"] == []


FAILED = "conversion webhook for example.com/v1, Kind=Widget failed: "
RETURNED = "conversion webhook for example.com/v1, Kind=Widget returned "


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ({"result": {"status": "Failed", "message": "no way"}}, f"{FAILED}no way"),
        ({"result": {"status": "Failed"}}, f"{FAILED}response.result.status was 'Failed', not 'Success'"),
        ({"convertedObjects": []}, f"{RETURNED}0 objects, expected 1"),
        ({"uid": "x"}, f"{FAILED}expected response.uid="),
        ({"convertedObjects": ["x"]}, f"{RETURNED}invalid object at index 0: it is no object"),
    ],
)
async def test_what_fails_is_said_in_upstreams_words(api, hook, response, said):
    await api.post(V1, widget("a", "v1", size=1))
    hook.response = lambda whole: whole | response
    reply = await api.get(f"{V2}/a")
    assert (reply.code, "reason" in reply.body) == (500, False)
    assert reply.message.startswith(said)
    assert (await api.get(V2)).message.startswith(said)
    assert (await api.get(f"{V1}/a")).code == 200


def metadata(**changes: Any) -> Callable[[Json], Json]:
    return lambda item: item | {"metadata": item["metadata"] | changes}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (metadata(name="b"), "invalid object: must have the same name: a != b"),
        (metadata(namespace="b"), "invalid object: must have the same namespace: default != b"),
        (metadata(uid="b"), "invalid object: must have the same UID: "),
        (metadata(labels={"a b": "c"}), 'invalid metadata: metadata.labels: Invalid value: "a b": name part must'),
        (metadata(labels={"a": 1}), "invalid metadata: metadata.labels[a] must be a string"),
        (metadata(annotations=["a"]), "invalid metadata: invalid metadata.annotations of type"),
        (lambda item: item | {"metadata": None}, "invalid metadata: missing metadata in converted object"),
        (
            lambda item: item | {"apiVersion": "example.com/v3"},
            "invalid object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v3)",
        ),
        (
            lambda item: item | {"kind": "Gadget"},
            "invalid object at index 0: invalid kind (expected Widget, received Gadget)",
        ),
    ],
)
async def test_what_may_not_change_is_refused(api, hook, change, said):
    await api.post(V1, widget("a", "v1", size=1))
    hook.change = change
    assert (await api.get(f"{V2}/a")).message.startswith(f"{RETURNED}{said}")


async def test_labels_and_annotations_may_change_and_the_rest_is_put_back(api, hook):
    await api.post(V1, widget("a", "v1", {"l": "1"}, size=1))
    before = (await api.get(f"{V1}/a")).body["metadata"]
    hook.change = metadata(labels={"l": "2"}, annotations={"a": "b"}, finalizers=["x/y"], generation=9)
    assert (await api.get(f"{V2}/a")).body["metadata"] == before | {"labels": {"l": "2"}, "annotations": {"a": "b"}}


async def test_what_comes_back_is_pruned(api, hook):
    await api.post(V1, widget("a", "v1", size=1))
    hook.change = lambda item: item | {"more": 1, "spec": item["spec"] | {"more": 1}}
    read = (await api.get(f"{V2}/a")).body
    assert ("more" in read, read["spec"]) == (False, {"width": "1"})


async def test_a_write_whose_conversion_fails_stores_nothing(api, hook):
    hook.response = lambda _: {}
    assert (await api.post(V2, widget("a", width="1"))).code == 500
    assert (await api.get(f"{V1}/a")).code == 404
    assert (await api.get(V2)).code == 200


async def test_a_webhook_that_does_not_answer_is_not_waited_for(api, hook, monkeypatch):
    seconds: list[float] = []

    async def post(_: Any, endpoint: client.Endpoint, __: Json, patience: float) -> Json:
        seconds.append(patience)
        raise client.CallFailed(f'Post "{endpoint.url}?timeout=30s": context deadline exceeded')

    await api.post(V1, widget("a", "v1", size=1))
    monkeypatch.setattr(client.WebhookClient, "post", post)
    reply = await api.get(f"{V2}/a")
    url = hook.webhook["clientConfig"]["url"]
    assert reply.message == f'{FAILED}Post "{url}?timeout=30s": context deadline exceeded'
    assert seconds == [30]


async def test_a_review_of_v1beta1_is_asked_where_the_webhook_wants_that_first(api, hook):
    webhook = hook.webhook | {"conversionReviewVersions": ["v9", "v1beta1", "v1"]}
    patched = {"spec": {"conversion": {"strategy": "Webhook", "webhook": webhook}}}
    await api.patch(f"{DEFINITIONS}/widgets.example.com", patched)
    hook.response = lambda response: {name: value for name, value in response.items() if name != "uid"}
    await api.post(V1, widget("a", "v1", size=1))
    reply = await api.until(f"{V2}/a", lambda reply: reply.code == 200)
    assert reply.body["spec"] == {"width": "1"}


async def test_policies_see_the_version_that_they_name(api):
    group = "/apis/admissionregistration.k8s.io/v1"
    rule = {"operations": ["*"], "apiGroups": ["example.com"], "apiVersions": ["v2"], "resources": ["widgets"]}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "object.spec.width != '7'"}]}
    await api.post(f"{group}/validatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": spec})
    bound = {"policyName": "p", "validationActions": ["Deny"]}
    await api.post(f"{group}/validatingadmissionpolicybindings", {"metadata": {"name": "p"}, "spec": bound})
    assert (await api.post(V1, widget("a", "v1", size=6))).code == 201
    assert (await api.post(V1, widget("b", "v1", size=7))).code == 422


async def test_owners_of_fields_may_speak_of_another_version(api, hook):
    """Who owns what is compared in the version of the owner, which the webhook makes as well."""
    spec = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"size": 1}}
    applied = await api("PATCH", f"{V1}/a", spec, kind="apply-patch+yaml", fieldManager="one")
    assert applied.code == 201
    changed = await api.patch(f"{V2}/a", {"metadata": {"labels": {"l": "1"}}}, fieldManager="two")
    owners = {one["manager"]: one["apiVersion"] for one in changed.body["metadata"]["managedFields"]}
    assert owners == {"one": "example.com/v1", "two": "example.com/v2"}
    other = spec | {"apiVersion": "example.com/v2", "spec": {"width": "2"}}
    refused = await api("PATCH", f"{V2}/a", other, kind="apply-patch+yaml", fieldManager="three")
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    forced = await api("PATCH", f"{V2}/a", other, kind="apply-patch+yaml", fieldManager="three", force="true")
    assert (forced.code, (await api.get(f"{V1}/a")).body["spec"]) == (200, {"size": 2})
