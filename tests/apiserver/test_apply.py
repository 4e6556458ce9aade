"""Server-side apply and managedFields, as clients see them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from apiserver.caller import Caller, Json, Reply, calling, definition, version, widget
from podvisor.apiserver import Api, Settings, access, ownership
from podvisor.base.clock import SystemClock

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
SERVICES = "/api/v1/namespaces/default/services"
PODS = "/api/v1/namespaces/default/pods"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.fixture
async def api() -> AsyncIterator[Caller]:
    async with calling() as caller:
        yield caller


async def apply(api: Caller, path: str, config: Json, who: str = "alice", **query: str) -> Reply:
    """Apply an object to where `path` is: that of its kind."""
    place = f"{path}/{config['metadata']['name']}"
    return await api("PATCH", place, config, kind="apply-patch+yaml", fieldManager=who, **query)


def config_map(**data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def deployment(**spec: Any) -> Json:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "i:1"}]}}
    whole: Json = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": whole | spec}


def owners(item: Json) -> dict[tuple[str, ...], Json]:
    """The fields of each manager, operation and, if there is one, subresource."""
    found: dict[tuple[str, ...], Json] = {}
    for one in item["metadata"].get("managedFields", ()):
        below = (one["subresource"],) if "subresource" in one else ()
        found[one.get("manager", ""), one["operation"], *below] = one["fieldsV1"]
    return found


async def test_an_apply_makes_the_object_that_is_not_there(api: Caller) -> None:
    made = await apply(api, MAPS, config_map(x="1"))
    assert (made.code, made.body["data"]) == (201, {"x": "1"})
    (entry,) = made.body["metadata"]["managedFields"]
    assert entry | {"time": ""} == {
        "manager": "alice", "operation": "Apply", "apiVersion": "v1", "time": "", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:x": {}}},
    }  # fmt: skip
    assert entry["time"] <= made.body["metadata"]["creationTimestamp"]


async def test_applying_the_same_again_writes_nothing(api: Caller) -> None:
    first = await apply(api, DEPLOYMENTS, deployment())
    again = await apply(api, DEPLOYMENTS, deployment())
    assert (first.code, again.code) == (201, 200)
    assert again.body == first.body


async def test_what_a_configuration_no_longer_has_is_gone(api: Caller) -> None:
    await apply(api, MAPS, config_map(x="1", y="1"))
    assert (await apply(api, MAPS, config_map(y="1"))).body["data"] == {"y": "1"}
    left = (await apply(api, MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})).body
    assert "data" not in left
    assert owners(left) == {}


async def test_what_somebody_else_applies_as_well_stays(api: Caller) -> None:
    await apply(api, MAPS, config_map(x="1", y="1"))
    await apply(api, MAPS, config_map(x="1"), "bob")
    assert (await apply(api, MAPS, config_map(y="2"))).body["data"] == {"x": "1", "y": "2"}


async def test_a_conflict_names_who_owns_what_and_force_takes_it(api: Caller) -> None:
    await apply(api, DEPLOYMENTS, deployment(replicas=2, minReadySeconds=3))
    refused = await apply(api, DEPLOYMENTS, deployment(replicas=3, minReadySeconds=3), "bob")
    assert (refused.code, refused.body["reason"]) == (409, "Conflict")
    assert refused.message == 'Apply failed with 1 conflict: conflict with "alice": .spec.replicas'
    assert refused.body["details"]["causes"] == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "alice"', "field": ".spec.replicas"}
    ]
    several = await apply(api, DEPLOYMENTS, deployment(replicas=3, minReadySeconds=4), "bob")
    lines = ['Apply failed with 2 conflicts: conflicts with "alice":', "- .spec.minReadySeconds", "- .spec.replicas"]
    assert several.message.splitlines() == lines
    forced = await apply(api, DEPLOYMENTS, deployment(replicas=3, minReadySeconds=3), "bob", force="true")
    assert forced.body["spec"]["replicas"] == 3
    assert "f:replicas" not in owners(forced.body)["alice", "Apply"]["f:spec"]
    assert "f:minReadySeconds" in owners(forced.body)["alice", "Apply"]["f:spec"]


async def test_an_update_owns_what_it_changes(api: Caller) -> None:
    made = (await api.post(MAPS, config_map(x="1", y="1"), fieldManager="maker")).body
    assert owners(made) == {("maker", "Update"): {"f:data": {".": {}, "f:x": {}, "f:y": {}}}}
    changed = (await api.patch(f"{MAPS}/a", {"data": {"x": "2"}}, fieldManager="other")).body
    assert owners(changed) == {
        ("maker", "Update"): {"f:data": {".": {}, "f:y": {}}},
        ("other", "Update"): {"f:data": {"f:x": {}}},
    }
    refused = await apply(api, MAPS, config_map(x="3"))
    assert refused.message == 'Apply failed with 1 conflict: conflict with "other" using v1: .data.x'


async def test_a_status_counts_below_its_path_and_a_spec_sent_there_for_nothing(api: Caller) -> None:
    made = (await apply(api, DEPLOYMENTS, deployment() | {"status": {"replicas": 9}})).body
    assert "f:status" not in owners(made)["alice", "Apply"]
    status = {"replicas": 1, "updatedReplicas": 1}
    body = {"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": 7}, "status": status}
    found = (await api.patch(f"{DEPLOYMENTS}/web/status", body, fieldManager="control")).body
    assert owners(found)["control", "Update", "status"] == {"f:status": {"f:replicas": {}, "f:updatedReplicas": {}}}
    config = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "status": {"replicas": 2}}
    place = f"{DEPLOYMENTS}/web/status"
    refused = await api("PATCH", place, config, kind="apply-patch+yaml", fieldManager="bob")
    owner = '"control" with subresource "status" using apps/v1'
    assert refused.message == f"Apply failed with 1 conflict: conflict with {owner}: .status.replicas"
    forced = await api("PATCH", place, config, kind="apply-patch+yaml", fieldManager="bob", force="true")
    assert forced.body["status"]["replicas"] == 2
    assert owners(forced.body)["bob", "Apply", "status"] == {"f:status": {"f:replicas": {}}}


async def test_who_scales_owns_the_replicas(api: Caller) -> None:
    await apply(api, DEPLOYMENTS, deployment(replicas=1))
    scale = {"spec": {"replicas": 3}}
    assert (await api.patch(f"{DEPLOYMENTS}/web/scale", scale, fieldManager="scaler")).code == 200
    found = (await api.get(f"{DEPLOYMENTS}/web")).body
    assert owners(found)["scaler", "Update", "scale"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owners(found)["alice", "Apply"]["f:spec"]
    (entry,) = (one for one in found["metadata"]["managedFields"] if one["manager"] == "scaler")
    assert entry["apiVersion"] == "apps/v1"
    refused = await apply(api, DEPLOYMENTS, deployment(replicas=1))
    assert '"scaler" with subresource "scale" using apps/v1: .spec.replicas' in refused.message
    config = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"}, "spec": {"replicas": 5}}
    place = f"{DEPLOYMENTS}/web/scale"
    assert (await api("PATCH", place, config, kind="apply-patch+yaml", fieldManager="alice")).code == 409
    forced = await api("PATCH", place, config, kind="apply-patch+yaml", fieldManager="alice", force="1")
    assert forced.body["spec"]["replicas"] == 5
    found = (await api.get(f"{DEPLOYMENTS}/web")).body
    assert found["spec"]["replicas"] == 5
    assert owners(found)["alice", "Apply", "scale"] == {"f:spec": {"f:replicas": {}}}
    assert ("scaler", "Update", "scale") not in owners(found)


async def test_what_the_server_fills_in_is_owned_by_who_creates_but_not_by_who_applies(api: Caller) -> None:
    made = (await apply(api, DEPLOYMENTS, deployment())).body
    assert "f:replicas" not in owners(made)["alice", "Apply"]["f:spec"]
    created = await api.post(DEPLOYMENTS, deployment() | {"metadata": {"name": "other"}}, fieldManager="maker")
    fields = owners(created.body)["maker", "Update"]["f:spec"]
    assert {"f:replicas", "f:strategy", "f:progressDeadlineSeconds"} <= fields.keys()


async def test_from_kubectl_apply_to_the_server_side_without_conflicts(api: Caller) -> None:
    text = '{"apiVersion":"v1","data":{"x":"1","y":"1"},"kind":"ConfigMap","metadata":{"name":"a"}}'
    annotated = config_map(x="1", y="1")
    annotated["metadata"]["annotations"] = {LAST_APPLIED: text}
    await api.post(MAPS, annotated, fieldManager="kubectl-client-side-apply")
    assert (await apply(api, MAPS, config_map(x="2"), "somebody")).code == 409
    taken = await apply(api, MAPS, config_map(x="2"), "kubectl")
    assert (taken.code, taken.body["data"]) == (200, {"x": "2", "y": "1"})
    kept = taken.body["metadata"]["annotations"][LAST_APPLIED]
    assert kept == '{"apiVersion":"v1","data":{"x":"2"},"kind":"ConfigMap","metadata":{"name":"a"}}\n'
    await api.patch(f"{MAPS}/a", {"data": {"x": "edited"}}, fieldManager="kubectl-edit")
    refused = await apply(api, MAPS, config_map(x="3"), "kubectl")
    assert refused.message == 'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.x'


async def test_entries_can_be_cleared_and_the_first_apply_finds_who_was_before(api: Caller) -> None:
    await api.post(MAPS, config_map(x="1"))
    cleared = (await api.patch(f"{MAPS}/a", {"metadata": {"managedFields": [{}]}})).body
    assert "managedFields" not in cleared["metadata"]
    updated = (await api.patch(f"{MAPS}/a", {"data": {"y": "1"}})).body
    assert "managedFields" not in updated["metadata"]
    refused = await apply(api, MAPS, config_map(x="2"))
    assert refused.message == 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.x'
    joined = (await apply(api, MAPS, config_map(x="1"))).body
    assert owners(joined) == {
        ("alice", "Apply"): {"f:data": {"f:x": {}}},
        ("before-first-apply", "Update"): {"f:data": {".": {}, "f:x": {}, "f:y": {}}},
    }


async def test_entries_that_a_client_sends_are_kept_if_they_make_sense(api: Caller) -> None:
    entry = {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    sent = config_map(x="1")
    sent["metadata"]["managedFields"] = [entry | {"fieldsV1": {"f:data": {"f:x": {}}}}]
    assert owners((await api.post(MAPS, sent)).body)["unknown", "Update"] == {"f:data": {".": {}, "f:x": {}}}
    found = (await api.get(f"{MAPS}/a")).body
    broken = found | {"metadata": found["metadata"] | {"managedFields": [entry | {"fieldsV1": {"nonsense": {}}}]}}
    assert owners((await api.put(f"{MAPS}/a", broken)).body) == owners(found)
    named = found | {"metadata": found["metadata"] | {"managedFields": [entry | {"manager": "a\nb", "fieldsV1": {}}]}}
    refused = await api.put(f"{MAPS}/a", named)
    assert (refused.code, "invalid character" in refused.message) == (422, True)


async def test_the_eleventh_updater_makes_two_of_the_oldest_one(api: Caller) -> None:
    await api.post(MAPS, config_map(x="1"), fieldManager="m00")
    for number in range(12):
        await api.patch(f"{MAPS}/a", {"data": {f"k{number}": "1"}}, fieldManager=f"m{number:02}")
    found = owners((await api.get(f"{MAPS}/a")).body)
    assert len(found) == 10
    ancient = found["ancient-changes", "Update"]["f:data"]
    assert ancient.keys() - {"."} == {"f:x", "f:k0", "f:k1", "f:k2"}


async def test_who_names_no_manager_is_known_by_the_user_agent(api: Caller) -> None:
    made = (await api.post(MAPS, config_map(x="1"))).body
    assert list(owners(made)) == [("unknown", "Update")]


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (
            {"fieldManager": ""},
            422,
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required',
        ),
        ({"fieldManager": "a\tb"}, 422, "fieldManager: Invalid value"),
        ({"fieldManager": "x" * 129}, 422, "fieldManager: Too long: may not be more than 128 bytes"),
    ],
)
async def test_an_apply_names_its_manager(api: Caller, query: dict[str, str], code: int, message: str) -> None:
    refused = await api("PATCH", f"{MAPS}/a", config_map(), kind="apply-patch+yaml", **query)
    assert refused.code == code
    assert message in refused.message


async def test_force_is_for_applies_only(api: Caller) -> None:
    await api.post(MAPS, config_map())
    refused = await api.patch(f"{MAPS}/a", {}, force="true")
    assert refused.code == 422
    assert "force: Forbidden: may not be specified for non-apply patch" in refused.message


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"kind": "Secret"}, 400, "invalid object type: /v1, Kind=Secret"),
        ({"extra": 1}, 500, "(default/a; /v1, Kind=ConfigMap): .extra: field not declared in schema"),
        ({"data": {"x": 1}}, 500, ".data.x: expected string, got"),
        ({"metadata": {"name": "a", "managedFields": []}}, 400, "metadata.managedFields must be nil"),
        ({"metadata": {"name": "b"}}, 400, "the name of the object (b) does not match the name on the URL (a)"),
        ({"metadata": {}}, 400, "does not match the name on the URL (a)"),
        ({"metadata": {"name": "a", "uid": "u"}}, 409, "uid mismatch: the provided object specified uid u"),
        ({"metadata": {"name": "a", "namespace": "x"}}, 400, "the namespace of the provided object does not match"),
    ],
)
async def test_a_configuration_that_is_none_is_refused(api: Caller, change: Json, code: int, message: str) -> None:
    config = config_map() | change
    refused = await api("PATCH", f"{MAPS}/a", config, kind="apply-patch+yaml", fieldManager="alice")
    assert refused.code == code, refused.body
    assert message in refused.message


async def test_an_item_that_is_named_twice_is_refused(api: Caller) -> None:
    config = deployment()
    config["spec"]["template"]["spec"]["containers"] *= 2
    refused = await apply(api, DEPLOYMENTS, config)
    assert refused.code == 500
    path = ".spec.template.spec.containers"
    assert refused.message.endswith(f': {path}: duplicate entries for key [name="main"]')


async def test_a_dry_run_stores_nothing_and_names_conflicts_all_the_same(api: Caller) -> None:
    assert (await apply(api, MAPS, config_map(x="1"), dryRun="All")).code == 201
    assert (await api.get(f"{MAPS}/a")).code == 404
    await apply(api, MAPS, config_map(x="1"))
    assert (await apply(api, MAPS, config_map(x="2"), dryRun="All")).body["data"] == {"x": "2"}
    assert (await apply(api, MAPS, config_map(x="2"), "bob", dryRun="All")).code == 409
    assert (await api.get(f"{MAPS}/a")).body["data"] == {"x": "1"}


async def test_a_version_that_is_not_the_one_of_now_is_a_conflict(api: Caller) -> None:
    made = (await apply(api, MAPS, config_map(x="1"))).body
    config = config_map(x="2")
    config["metadata"]["resourceVersion"] = "1"
    assert "the object has been modified" in (await apply(api, MAPS, config)).message
    config["metadata"]["resourceVersion"] = made["metadata"]["resourceVersion"]
    assert (await apply(api, MAPS, config)).code == 200


async def test_items_of_lists_are_told_apart_by_their_keys(api: Caller) -> None:
    def service(*ports: Json) -> Json:
        spec = {"selector": {"a": "b"}, "ports": list(ports)}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec}

    http, dns = {"name": "http", "port": 80}, {"name": "dns", "port": 80, "protocol": "UDP"}
    await apply(api, SERVICES, service(http))
    both = (await apply(api, SERVICES, service(dns), "bob")).body
    assert [(one["port"], one["protocol"]) for one in both["spec"]["ports"]] == [(80, "TCP"), (80, "UDP")]
    assert list(owners(both)["alice", "Apply"]["f:spec"]["f:ports"]) == ['k:{"port":80,"protocol":"TCP"}']


async def test_a_custom_resource_is_applied_by_its_schema(api: Caller) -> None:
    item = {"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}, "v": {"type": "integer"}}}
    spec = {
        "items": {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]},
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "whole": {"type": "array", "items": {"type": "string"}},
        "atom": {"type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": {"type": "string"}},
    }
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": spec}}}
    await api.define(definition(versions=[version("v1", schema)]))
    path = "/apis/example.com/v1/namespaces/default/widgets"

    def widget(**spec: Any) -> Json:
        return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}

    first = widget(items=[{"k": "a", "v": 1}], set=["x"], whole=["p"], atom={"a": "1"})
    assert (await apply(api, path, first)).code == 201
    joined = await apply(api, path, widget(items=[{"k": "b", "v": 2}], set=["y"]), "bob")
    assert joined.body["spec"]["items"] == [{"k": "a", "v": 1}, {"k": "b", "v": 2}]
    assert joined.body["spec"]["set"] == ["x", "y"]
    fields = owners(joined.body)["bob", "Apply"]["f:spec"]
    assert fields == {"f:items": {'k:{"k":"b"}': {".": {}, "f:k": {}, "f:v": {}}}, "f:set": {'v:"y"': {}}}
    refused = await apply(api, path, widget(whole=["q"], atom={"b": "1"}), "bob")
    assert [one["field"] for one in refused.body["details"]["causes"]] == [".spec.atom", ".spec.whole"]
    unknown = await apply(api, path, widget(other=1), "bob")
    assert ".spec.other: field not declared in schema" in unknown.message


def typed_version(name: str, *fields: str, storage: bool = True) -> Json:
    spec = {"type": "object", "properties": {one: {"type": "string"} for one in fields}}
    return version(name, {"type": "object", "properties": {"spec": spec}}, storage=storage)


async def test_what_was_applied_in_one_version_goes_in_another(api: Caller) -> None:
    await api.define(definition(versions=[typed_version("v1", "a", "b"), typed_version("v2", "a", "b", storage=False)]))
    path = "/apis/example.com/{}/namespaces/default/widgets"
    first = widget("w", "example.com/v1", spec={"a": "1", "b": "1"})
    assert (await apply(api, path.format("v1"), first)).code == 201
    await apply(api, path.format("v1"), widget("w", "example.com/v1", spec={"b": "1"}), "bob")
    moved = (await apply(api, path.format("v2"), widget("w", "example.com/v2", spec={}))).body
    assert moved["spec"] == {"b": "1"}
    versions = {one["manager"]: one["apiVersion"] for one in moved["metadata"]["managedFields"]}
    assert versions == {"alice": "example.com/v2", "bob": "example.com/v1"}
    refused = await apply(api, path.format("v2"), widget("w", "example.com/v2", spec={"b": "2"}))
    assert [one["field"] for one in refused.body["details"]["causes"]] == [".spec.b"]


async def test_who_owned_in_a_version_that_is_gone_owns_no_more(api: Caller) -> None:
    await api.define(definition(versions=[typed_version("v1", "a"), typed_version("v2", "a", storage=False)]))
    path = "/apis/example.com/{}/namespaces/default/widgets"
    await apply(api, path.format("v2"), widget("w", "example.com/v2", spec={"a": "1"}))
    await api.redefine(typed_version("v1", "a"), typed_version("v2", "a", storage=False) | {"served": False})
    taken = await apply(api, path.format("v1"), widget("w", "example.com/v1", spec={"a": "2"}), "bob")
    assert list(owners(taken.body)) == [("bob", "Apply")]


async def test_of_two_who_apply_at_once_one_makes_the_object(api: Caller) -> None:
    replies = await asyncio.gather(*(apply(api, MAPS, config_map(**{who: "1"}), who) for who in ("x", "y", "z")))
    assert sorted(reply.code for reply in replies) == [200, 200, 201]
    assert (await api.get(f"{MAPS}/a")).body["data"] == {"x": "1", "y": "1", "z": "1"}


class Patchers:
    """Everybody may patch, nobody may create."""

    async def authorize(self, user: access.User, asked: access.Attributes) -> access.Decision:
        return access.Decision(asked.verb in ("patch", "get"), "no")

    async def rules(self, user: access.User, namespace: str) -> list[access.Rule]:
        return []


async def test_who_may_not_create_makes_no_object_by_applying() -> None:
    async with calling() as caller:
        api = Api(Settings(), caller.store, access.Access([], Patchers()), SystemClock())
        limited = Caller(api, caller.store)
        refused = await apply(limited, MAPS, config_map(x="1"))
        assert (refused.code, refused.body["reason"]) == (403, "Forbidden")
        await apply(caller, MAPS, config_map(x="1"))
        assert (await apply(limited, MAPS, config_map(x="2"))).code == 200


def test_entries_that_a_webhook_spoils_are_put_back() -> None:
    before = [{"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}]
    item: Json = {"metadata": {"managedFields": [{"manager": "m", "operation": "Apply"}]}}
    warning = ownership.restore(item, before)
    assert item["metadata"]["managedFields"] == before
    assert warning.endswith("please fix your requests: apiVersion must not be empty")
    assert ownership.restore(item, before) == ""


async def test_an_owner_keeps_what_became_atomic_as_a_whole(api: Caller) -> None:
    def versions(**more: str) -> Json:
        spec = {"type": "object", "additionalProperties": {"type": "string"}} | more
        return version("v1", {"type": "object", "properties": {"spec": spec}})

    await api.define(definition(versions=[versions()]))
    path = "/apis/example.com/v1/namespaces/default/widgets"
    config = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"a": "1"}}
    await apply(api, path, config)
    await api.redefine(versions(**{"x-kubernetes-map-type": "atomic"}))
    refused = await apply(api, path, config | {"spec": {"b": "1"}}, "bob")
    assert [one["field"] for one in refused.body["details"]["causes"]] == [".spec"]
    assert owners((await apply(api, path, config)).body) == {("alice", "Apply"): {"f:spec": {}}}
