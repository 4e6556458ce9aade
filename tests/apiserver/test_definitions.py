"""CustomResourceDefinitions: what is served, under which names, and what goes with them."""

import asyncio
from collections.abc import AsyncGenerator

import orjson
import pytest

from apiserver.caller import (
    DEFINITIONS,
    TABLE,
    WIDGETS,
    Caller,
    calling,
    condition,
    definition,
    version,
    widget,
)

WIDGET = f"{DEFINITIONS}/widgets.example.com"


@pytest.fixture
async def api() -> AsyncGenerator[Caller]:
    async with calling() as api:
        yield api


async def test_a_definition_is_established_and_its_objects_are_served(api):
    found = await api.define(definition())
    assert condition(found, "NamesAccepted")["reason"] == "NoConflicts"
    assert condition(found, "Established")["message"] == "the initial names have been accepted"
    assert found["status"]["acceptedNames"] == {
        "plural": "widgets",
        "singular": "widget",
        "kind": "Widget",
        "listKind": "WidgetList",
    }
    assert found["status"]["storedVersions"] == ["v1"]
    created = await api.post(WIDGETS, widget(spec={"size": 1}))
    assert created.code == 201
    assert created.body["metadata"]["generation"] == 1
    listed = (await api.get(WIDGETS)).body
    assert (listed["kind"], [item["spec"] for item in listed["items"]]) == ("WidgetList", [{"size": 1}])


async def test_whoever_sees_that_it_is_established_finds_it_served(api):
    watch = await api.watch(DEFINITIONS)
    await api.post(DEFINITIONS, definition())
    async for frames in watch:
        if b'"InitialNamesAccepted"' in frames:
            assert (await api.get(WIDGETS)).code == 200
            break
    await watch.aclose()


async def test_discovery_names_it(api):
    names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]}
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    versions = [version("v1", subresources={"status": {}, "scale": scale})]
    await api.define(definition(names=names, versions=versions))
    assert "example.com" in {group["name"] for group in (await api.get("/apis")).body["groups"]}
    found = {one["name"]: one for one in (await api.get("/apis/example.com/v1")).body["resources"]}
    assert sorted(found) == ["widgets", "widgets/scale", "widgets/status"]
    assert (found["widgets"]["shortNames"], found["widgets"]["categories"]) == (["wd"], ["all"])
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    groups = (await api("GET", "/apis", accept=accept)).body["items"]
    assert [one["versions"][0]["version"] for one in groups if one["metadata"]["name"] == "example.com"] == ["v1"]


@pytest.mark.parametrize(
    ("names", "reason", "message"),
    [
        (
            {"singular": "widget", "kind": "Other", "listKind": "Others"},
            "SingularConflict",
            '"widget" is already in use',
        ),
        ({"kind": "Widget", "singular": "x", "listKind": "Xs"}, "KindConflict", '"Widget" is already in use'),
        (
            {"kind": "X", "singular": "x", "listKind": "WidgetList"},
            "ListKindConflict",
            '"WidgetList" is already in use',
        ),
        (
            {"kind": "X", "shortNames": ["widget", "widgets"]},
            "ShortNamesConflict",
            '["widget" is already in use, "widgets" is already in use]',
        ),
    ],
)
async def test_a_name_that_is_taken_is_not_given_twice(api, names, reason, message):
    await api.define(definition())
    await api.post(DEFINITIONS, definition("others", names={"plural": "others"} | names))
    path = f"{DEFINITIONS}/others.example.com"
    found = (await api.until(path, lambda reply: bool(condition(reply.body, "NamesAccepted")))).body
    accepted = condition(found, "NamesAccepted")
    assert (accepted["status"], accepted["reason"], accepted["message"]) == ("False", reason, message)
    assert condition(found, "Established")["reason"] == "NotAccepted"
    assert (await api.get("/apis/example.com/v1/others")).code == 404


async def test_a_name_that_is_given_back_goes_to_who_waits_for_it(api):
    await api.define(definition())
    waiting = definition("others", names={"plural": "others", "kind": "Widget"})
    await api.post(DEFINITIONS, waiting)
    other = f"{DEFINITIONS}/others.example.com"
    await api.until(other, lambda reply: condition(reply.body, "NamesAccepted").get("status") == "False")
    await api.delete(WIDGET)
    await api.until(other, lambda reply: condition(reply.body, "Established").get("status") == "True")
    assert (await api.get("/apis/example.com/v1/others")).code == 200


async def test_the_same_names_in_another_group_are_other_names(api):
    await api.define(definition())
    await api.define(definition(group="other.example.com"))
    assert (await api.get("/apis/other.example.com/v1/widgets")).code == 200


async def test_the_objects_of_a_deleted_definition_go_with_it(api):
    await api.define(definition())
    await api.post(WIDGETS, widget())
    deleted = (await api.delete(WIDGET)).body
    assert deleted["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    assert condition(deleted, "Terminating")["reason"] == "InstanceDeletionPending"
    await api.until(WIDGET, lambda reply: reply.code == 404)
    await api.until(WIDGETS, lambda reply: reply.code == 404)
    assert not (await api.store.range(b"/registry/example.com/", b"/registry/example.com0")).kvs
    await api.define(definition())
    assert (await api.get(WIDGETS)).body["items"] == []


async def test_a_deleted_definition_waits_for_the_finalizers_of_its_objects(api):
    await api.define(definition())
    held = widget()
    held["metadata"]["finalizers"] = ["example.com/held"]
    await api.post(WIDGETS, held)
    await api.delete(WIDGET)
    found = await api.until(
        WIDGET, lambda reply: condition(reply.body, "Terminating").get("reason") == "InstanceDeletionInProgress"
    )
    assert condition(found.body, "Established")["status"] == "True"
    await api.until(f"{WIDGETS}/a", lambda reply: "deletionTimestamp" in reply.body["metadata"])
    refused = await api.post(WIDGETS, widget("b"))
    assert refused.code == 405
    assert (await api.patch(f"{WIDGETS}/a", {"metadata": {"finalizers": None}})).code == 200
    await api.until(WIDGET, lambda reply: reply.code == 404)


async def test_watches_end_when_the_definition_goes_or_changes(api):
    await api.define(definition())
    watch = await api.watch(WIDGETS)
    await api.post(WIDGETS, widget())
    seen: list[str] = []
    begun = asyncio.Event()

    async def read() -> None:
        async for frames in watch:
            seen.extend(orjson.loads(line)["type"] for line in frames.splitlines())
            begun.set()

    async with asyncio.timeout(30):
        reading = asyncio.create_task(read())
        await begun.wait()
        await api.patch(WIDGET, {"spec": {"versions": [version("v1"), version("v2", storage=False)]}})
        await reading
    assert seen == ["ADDED"]


async def test_a_version_that_is_no_longer_served_is_gone(api):
    await api.define(definition(versions=[version("v1"), version("v2", storage=False)]))
    await api.post(WIDGETS, widget())
    assert (await api.get(f"{WIDGETS.replace('v1', 'v2')}/a")).body["apiVersion"] == "example.com/v2"
    versions = [version("v1"), version("v2", storage=False, served=False)]
    await api.patch(WIDGET, {"spec": {"versions": versions}})
    await api.until(WIDGETS.replace("v1", "v2"), lambda reply: reply.code == 404)
    assert (await api.get(f"{WIDGETS}/a")).code == 200


async def test_objects_move_to_a_new_storage_version_when_they_are_written(api):
    await api.define(definition(versions=[version("v1"), version("v2", storage=False)]))
    await api.post(WIDGETS, widget())
    changed = await api.patch(WIDGET, {"spec": {"versions": [version("v1", storage=False), version("v2")]}})
    assert changed.body["status"]["storedVersions"] == ["v1", "v2"]
    one = await api.get(f"{WIDGETS}/a")

    async def stored() -> bytes:
        return (await api.store.range(b"/registry/example.com/widgets/default/a")).kvs[0].value

    assert b'"example.com/v1"' in await stored()
    async with asyncio.timeout(30):
        while b'"example.com/v2"' not in await stored():
            assert (await api.put(f"{WIDGETS}/a", (await api.get(f"{WIDGETS}/a")).body)).code == 200
    assert (await api.get(f"{WIDGETS}/a")).body["metadata"]["uid"] == one.body["metadata"]["uid"]


async def test_a_stored_version_cannot_be_removed(api):
    await api.define(definition(versions=[version("v1"), version("v2", storage=False)]))
    await api.patch(WIDGET, {"spec": {"versions": [version("v1", storage=False), version("v2")]}})
    refused = await api.patch(WIDGET, {"spec": {"versions": [version("v2")]}})
    assert refused.code == 422
    assert 'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions' in refused.message


async def test_a_deprecated_version_is_warned_of(api):
    versions = [version("v1", deprecated=True), version("v2", storage=False, deprecated=True, deprecationWarning="no")]
    await api.define(definition(versions=versions))
    assert (await api.get(WIDGETS)).warnings == ["example.com/v1 Widget is deprecated"]
    assert (await api.get(WIDGETS.replace("v1", "v2"))).warnings == ["no"]


async def test_columns_are_read_by_path(api):
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "format": "int32"},
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Map", "type": "string", "jsonPath": ".spec.map", "priority": 2, "description": "a map"},
        {"name": "Wrong", "type": "integer", "jsonPath": ".spec.map"},
        {"name": "When", "type": "date", "jsonPath": ".spec.when"},
    ]
    await api.define(definition(versions=[version("v1", additionalPrinterColumns=columns)]))
    await api.post(WIDGETS, widget(spec={"size": 3, "map": {"a": [1, "b"]}, "when": "yesterday"}))
    await api.patch(f"{WIDGETS}/a/status", {"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    table = (await api("GET", WIDGETS, accept=TABLE)).body
    assert [one["name"] for one in table["columnDefinitions"]] == ["Name", "Size", "Ready", "Map", "Wrong", "When"]
    assert [one["priority"] for one in table["columnDefinitions"]] == [0, 0, 0, 2, 0, 0]
    path = "Custom resource definition column (in JSONPath format): .spec.size"
    assert [one["description"] for one in table["columnDefinitions"][1:4:2]] == [path, "a map"]
    assert table["rows"][0]["cells"] == ["a", 3, "True", '{"a":[1,"b"]}', None, "<invalid>"]


async def test_without_columns_the_age_is_shown(api):
    await api.define(definition())
    await api.post(WIDGETS, widget())
    table = (await api("GET", WIDGETS, accept=TABLE)).body
    assert [one["name"] for one in table["columnDefinitions"]] == ["Name", "Age"]


async def test_status_and_spec_have_paths_of_their_own(api):
    await api.define(definition())
    created = await api.post(WIDGETS, widget(spec={"size": 1}, status={"ready": True}))
    assert "status" not in created.body
    changed = await api.patch(f"{WIDGETS}/a/status", {"status": {"ready": True}, "spec": {"size": 2}})
    assert (changed.body["spec"], changed.body["status"]) == ({"size": 1}, {"ready": True})
    assert changed.body["metadata"]["generation"] == 1
    labelled = await api.patch(f"{WIDGETS}/a/status", {"metadata": {"labels": {"a": "b"}}})
    assert "labels" not in labelled.body["metadata"]
    changed = await api.patch(f"{WIDGETS}/a", {"spec": {"size": 2}, "status": {"ready": False}})
    assert (changed.body["spec"], changed.body["status"]) == ({"size": 2}, {"ready": True})
    assert changed.body["metadata"]["generation"] == 2


async def test_without_a_status_path_the_status_is_like_any_field(api):
    await api.define(definition(versions=[version("v1", subresources={})]))
    await api.post(WIDGETS, widget(status={"ready": True}))
    changed = await api.patch(f"{WIDGETS}/a", {"status": {"ready": False}})
    assert (changed.body["status"], changed.body["metadata"]["generation"]) == ({"ready": False}, 2)
    assert (await api.get(f"{WIDGETS}/a/status")).code == 404


async def test_scale_reads_and_writes_where_the_definition_says(api):
    scale = {
        "specReplicasPath": ".spec.size.wanted",
        "statusReplicasPath": ".status.size",
        "labelSelectorPath": ".status.selector",
    }
    await api.define(definition(versions=[version("v1", subresources={"status": {}, "scale": scale})]))
    await api.post(WIDGETS, widget())
    missing = await api.get(f"{WIDGETS}/a/scale")
    assert (missing.code, missing.message) == (
        500,
        'Internal error occurred: the spec replicas field ".spec.size.wanted" does not exist',
    )
    await api.patch(f"{WIDGETS}/a", {"spec": {"size": {"wanted": 2}}})
    await api.patch(f"{WIDGETS}/a/status", {"status": {"size": 1, "selector": "a=b"}})
    found = (await api.get(f"{WIDGETS}/a/scale")).body
    assert (found["kind"], found["spec"], found["status"]) == (
        "Scale",
        {"replicas": 2},
        {"replicas": 1, "selector": "a=b"},
    )
    await api.patch(f"{WIDGETS}/a/scale", {"spec": {"replicas": 5}})
    changed = (await api.get(f"{WIDGETS}/a")).body
    assert (changed["spec"], changed["metadata"]["generation"]) == ({"size": {"wanted": 5}}, 3)


async def test_fields_can_be_selected_by(api):
    fields = [{"jsonPath": ".spec.color"}, {"jsonPath": ".spec.on"}]
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": {"color": {"type": "string"}, "on": {"type": "boolean"}}}
        },
    }
    await api.define(definition(versions=[version("v1", schema, selectableFields=fields)]))
    await api.post(WIDGETS, widget("red", spec={"color": "red", "on": True}))
    await api.post(WIDGETS, widget("none"))

    async def names(selector: str) -> list[str]:
        found = (await api.get(WIDGETS, fieldSelector=selector)).body
        return [item["metadata"]["name"] for item in found["items"]]

    assert await names("spec.color=red") == ["red"]
    assert await names("spec.color!=red") == ["none"]
    assert await names("spec.on=true") == ["red"]
    assert await names("spec.color=") == ["none"]
    assert (await api.get(WIDGETS, fieldSelector="spec.size=1")).message == "field label not supported: spec.size"


async def test_strategic_merge_patches_are_not_for_custom_resources(api):
    await api.define(definition())
    await api.post(WIDGETS, widget())
    refused = await api.patch(f"{WIDGETS}/a", {}, "strategic-merge-patch+json")
    assert refused.code == 415
    changed = await api.patch(f"{WIDGETS}/a", [{"op": "add", "path": "/spec", "value": {"a": 1}}], "json-patch+json")
    assert changed.body["spec"] == {"a": 1}


async def test_an_update_must_say_which_state_it_is_made_from(api):
    await api.define(definition())
    await api.post(WIDGETS, widget())
    refused = await api.put(f"{WIDGETS}/a", widget())
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert "metadata.resourceVersion: Invalid value" in refused.message


async def test_a_kind_called_as_a_built_in_one_is_not_taken_for_it(api):
    await api.define(definition("pods", "Pod"))
    pod = {"apiVersion": "example.com/v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}}
    created = await api.post("/apis/example.com/v1/namespaces/default/pods", pod)
    assert (created.code, created.body["spec"]) == (201, {})
    await api.define(definition("namespaces", "Namespace", scope="Cluster"))
    body = {
        "apiVersion": "example.com/v1",
        "kind": "Namespace",
        "metadata": {"name": "a"},
        "spec": {"finalizers": ["x"]},
    }
    path = "/apis/example.com/v1/namespaces"
    assert (await api.post(path, body)).code == 201
    assert (await api.delete(f"{path}/a")).body["status"] == "Success"


async def test_a_finalizer_without_a_domain_may_stand_on_a_custom_object(api):
    await api.define(definition())
    held = widget()
    held["metadata"]["finalizers"] = ["held"]
    reply = await api.post(WIDGETS, held)
    warning = "prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"
    assert (reply.code, [warning in one for one in reply.warnings]) == (201, [True])


async def test_definitions_are_served_again_after_a_restart(api):
    await api.define(definition())
    await api.post(WIDGETS, widget())
    from podvisor.apiserver import Api, Settings, access
    from podvisor.base.clock import SystemClock

    again = Api(Settings(), api.store, access.Access([], tokens=[]), SystemClock())
    async with again.running():
        assert (await Caller(again, api.store).get(f"{WIDGETS}/a")).code == 200


async def test_a_stored_definition_that_cannot_be_read_harms_no_other(api):
    from podvisor.store.backend import Put

    await api.define(definition())
    await api.store.txn([], [Put(b"/registry/apiextensions.k8s.io/customresourcedefinitions/bad.example.com", b"{")])
    await api.define(definition("others", "Other"))
    assert (await api.get(WIDGETS)).code == 200
