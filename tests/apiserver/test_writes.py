"""create, update and patch: what is stored, what is refused, who wins."""

import asyncio
import io

import orjson
import pytest

from apiserver.conftest import Api
from apiserver.samples import DEPLOYMENTS, MAPS, PODS, config_map, deployment, pod


async def test_a_new_object_gets_what_only_the_server_gives(api: Api) -> None:
    made = await api.post(MAPS, config_map(a="1") | {"metadata": {"name": "one", "uid": "mine", "generation": 7}})
    metadata = made.body["metadata"]
    assert made.code == 201
    assert metadata["uid"] != "mine"
    assert "generation" not in metadata
    assert metadata["namespace"] == "default"
    assert metadata["creationTimestamp"].endswith("Z")
    assert (await api.get(f"{MAPS}/one")).body == made.body


async def test_a_name_is_taken_once(api: Api) -> None:
    await api.post(MAPS, config_map())
    again = await api.post(MAPS, config_map())
    assert (again.code, again.body["reason"]) == (409, "AlreadyExists")
    assert again.message == 'configmaps "one" already exists'
    assert again.body["details"] == {"name": "one", "kind": "configmaps"}


async def test_names_are_made_up_on_request(api: Api) -> None:
    item = config_map()
    item["metadata"] = {"generateName": "x-"}
    names = {(await api.post(MAPS, item)).body["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("x-") and len(name) == 7 for name in names)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("Big", "a lowercase RFC 1123 subdomain must consist of"),
        ("", "name or generateName is required"),
        ("x" * 254, "must be no more than 253 characters"),
    ],
)
async def test_bad_names_are_invalid(api: Api, name: str, why: str) -> None:
    refused = await api.post(MAPS, config_map(name))
    assert (refused.code, refused.body["reason"]) == (422, "Invalid")
    assert refused.body["details"]["causes"][0]["field"] == "metadata.name"
    assert why in refused.message


async def test_an_update_from_an_old_state_conflicts(api: Api) -> None:
    first = (await api.post(MAPS, config_map(a="1"))).body
    second = await api.put(f"{MAPS}/one", first | {"data": {"a": "2"}})
    assert second.code == 200
    stale = await api.put(f"{MAPS}/one", first | {"data": {"a": "3"}})
    assert (stale.code, stale.body["reason"]) == (409, "Conflict")
    assert stale.message == (
        'Operation cannot be fulfilled on configmaps "one": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert (await api.put(f"{MAPS}/one", config_map(a="4"))).code == 200


async def test_nothing_is_written_when_nothing_changes(api: Api) -> None:
    first = (await api.post(MAPS, config_map(a="1"))).body
    same = await api.put(f"{MAPS}/one", config_map(a="1"))
    assert same.body["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_concurrent_patches_all_count(api: Api) -> None:
    await api.post(MAPS, config_map())
    replies = await asyncio.gather(*(api.patch(f"{MAPS}/one", {"data": {f"k{i}": "x"}}) for i in range(20)))
    assert {reply.code for reply in replies} == {200}
    assert len((await api.get(f"{MAPS}/one")).body["data"]) == 20


async def test_a_body_must_be_about_the_object_of_the_path(api: Api) -> None:
    await api.post(MAPS, config_map())
    other = await api.put(f"{MAPS}/one", config_map("two"))
    assert other.message == "the name of the object (two) does not match the name on the URL (one)"
    item = config_map()
    item["metadata"]["namespace"] = "kube-system"
    assert (await api.post(MAPS, item)).code == 400
    wrong = await api.post(MAPS, deployment())
    assert wrong.message == "the API version in the data (apps/v1) does not match the expected API version (v1)"


async def test_patches_of_three_kinds(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment())
    path = f"{DEPLOYMENTS}/web"
    side = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "x:1"}]}}}}
    joined = await api.patch(path, side, "strategic")
    assert [one["name"] for one in joined.body["spec"]["template"]["spec"]["containers"]] == ["side", "main"]
    replaced = await api.patch(path, side, "merge")
    assert [one["name"] for one in replaced.body["spec"]["template"]["spec"]["containers"]] == ["side"]
    operations = [{"op": "replace", "path": "/spec/replicas", "value": 7}]
    assert (await api.patch(path, operations, "json")).body["spec"]["replicas"] == 7
    failed = await api.patch(path, [{"op": "test", "path": "/spec/replicas", "value": 8}], "json")
    assert failed.code == 422
    unknown = await api("PATCH", path, {}, Content_Type="application/apply-patch+cbor")
    assert (unknown.code, unknown.body["reason"]) == (415, "UnsupportedMediaType")


async def test_generations_count_changes_of_the_spec(api: Api) -> None:
    made = await api.post(DEPLOYMENTS, deployment())
    assert made.body["metadata"]["generation"] == 1
    path = f"{DEPLOYMENTS}/web"
    assert (await api.patch(path, {"metadata": {"labels": {"a": "b"}}})).body["metadata"]["generation"] == 1
    assert (await api.patch(path, {"spec": {"replicas": 5}})).body["metadata"]["generation"] == 2


async def test_status_and_spec_have_their_own_paths(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment() | {"status": {"replicas": 9}})
    path = f"{DEPLOYMENTS}/web"
    assert (await api.get(path)).body["status"] == {}
    both = {"spec": {"replicas": 5}, "status": {"replicas": 3, "observedGeneration": 1}}
    after = (await api.patch(f"{path}/status", both)).body
    assert (after["spec"]["replicas"], after["status"]["replicas"]) == (1, 3)
    assert after["metadata"]["generation"] == 1
    after = (await api.patch(path, both | {"status": {"replicas": 4}})).body
    assert (after["spec"]["replicas"], after["status"]["replicas"]) == (5, 3)


async def test_field_validation_is_strict_warns_or_ignores(api: Api) -> None:
    body = b'{"metadata": {"name": "one"}, "data": {"a": "1"}, "extra": 1, "data": {"b": "2"}}'
    strict = await api("POST", f"{MAPS}?fieldValidation=Strict", body)
    assert strict.message == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
        'unknown field "extra", duplicate field "data"'
    )
    warned = await api("POST", f"{MAPS}?dryRun=All", body)
    assert warned.code == 201
    assert "unknown field" in warned.headers["Warning"]
    ignored = await api("POST", f"{MAPS}?fieldValidation=Ignore", body)
    assert ignored.body["data"] == {"b": "2"}
    assert "Warning" not in ignored.headers
    assert (await api("POST", f"{MAPS}?fieldValidation=Maybe", body)).code == 400


async def test_yaml_is_understood(api: Api) -> None:
    body = b"metadata: {name: one}\ndata: {day: 2024-01-01, flag: 'yes'}\n"
    made = await api("POST", MAPS, body, Content_Type="application/yaml", Accept="application/yaml")
    assert made.code == 201
    assert (await api.get(f"{MAPS}/one")).body["data"] == {"day": "2024-01-01", "flag": "yes"}


async def test_broken_bodies_are_bad_requests(api: Api) -> None:
    for body in (b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe"):
        refused = await api("POST", MAPS, body)
        assert (refused.code, refused.body["reason"]) == (400, "BadRequest"), body


async def test_bodies_have_a_limit(api: Api) -> None:
    large = config_map(**{f"k{number}": "x" * 100_000 for number in range(40)})
    refused = await api("POST", MAPS, io.BytesIO(orjson.dumps(large)))
    assert (refused.code, refused.body["reason"]) == (413, "RequestEntityTooLarge")


async def test_objects_go_only_into_namespaces_that_are_there(api: Api) -> None:
    refused = await api.post("/api/v1/namespaces/nowhere/configmaps", config_map())
    assert (refused.code, refused.message) == (404, 'namespaces "nowhere" not found')


async def test_pods_need_their_service_account(api: Api) -> None:
    refused = await api.post(PODS, pod())
    assert refused.code == 403
    assert refused.message == (
        'pods "one" is forbidden: error looking up service account default/default: serviceaccount "default" not found'
    )
