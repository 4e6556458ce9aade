"""Discovery and OpenAPI."""

from typing import Any

from apiserver.conftest import Api

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


async def test_plain_discovery(api: Api) -> None:
    assert (await api.get("/api")).body["versions"] == ["v1"]
    groups = {group["name"]: group for group in (await api.get("/apis")).body["groups"]}
    assert groups["apps"]["preferredVersion"] == {"groupVersion": "apps/v1", "version": "v1"}
    found = {one["name"]: one for one in (await api.get("/apis/apps/v1")).body["resources"]}
    assert found["deployments"]["shortNames"] == ["deploy"]
    assert found["deployments/scale"] == {
        "name": "deployments/scale",
        "singularName": "",
        "namespaced": True,
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
        "verbs": ["get", "patch", "update"],
    }
    core = {one["name"] for one in (await api.get("/api/v1")).body["resources"]}
    assert {"pods/log", "pods/exec", "pods/attach", "pods/binding", "pods/status", "namespaces/finalize"} <= core


async def test_all_in_one_document(api: Api) -> None:
    for path in ("/api", "/apis"):
        reply = await api.get(path, Accept=AGGREGATED)
        assert reply.headers["Content-Type"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        assert reply.body["kind"] == "APIGroupDiscoveryList"
    apps = next(group for group in reply.body["items"] if group["metadata"]["name"] == "apps")
    resources = {one["resource"]: one for one in apps["versions"][0]["resources"]}
    assert resources["deployments"]["scope"] == "Namespaced"
    assert {one["subresource"] for one in resources["deployments"]["subresources"]} == {"scale", "status"}


async def test_openapi_v3_describes_every_group(api: Api) -> None:
    paths = (await api.get("/openapi/v3")).body["paths"]
    assert {"api/v1", "apis/apps/v1", "apis/batch/v1"} <= paths.keys()
    for link in paths.values():
        document = (await api.get(link["serverRelativeURL"])).body
        assert document["openapi"] == "3.0.0"
        assert_closed(document, "#/components/schemas/", document["components"]["schemas"])
    pods = document_of(await api.get("/openapi/v3/api/v1"), "/api/v1/namespaces/{namespace}/pods/{name}")
    assert "fieldValidation" in {one["name"] for one in pods["patch"]["parameters"]}


async def test_openapi_v2_describes_everything(api: Api) -> None:
    document = (await api.get("/openapi/v2")).body
    assert document["swagger"] == "2.0"
    assert_closed(document, "#/definitions/", document["definitions"])
    container = document["definitions"]["io.k8s.api.core.v1.Container"]
    assert container["properties"]["ports"]["x-kubernetes-list-map-keys"] == ["containerPort", "protocol"]
    assert "image name" in container["properties"]["image"]["description"]


async def test_openapi_v2_is_protobuf_for_go_clients(api: Api) -> None:
    reply = await api.get("/openapi/v2", Accept="application/com.github.proto-openapi.spec.v2@v1.0+protobuf")
    assert reply.headers["Content-Type"] == "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    # Field 1 of gnostic's Document is the version of Swagger.
    assert reply.body.startswith(b"\x0a\x032.0")


def document_of(reply: Any, path: str) -> Any:
    return reply.body["paths"][path]


def assert_closed(value: Any, prefix: str, known: Any) -> None:
    """Every reference leads somewhere."""
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            assert reference.removeprefix(prefix) in known, reference
        for item in value.values():
            assert_closed(item, prefix, known)
    elif isinstance(value, list):
        for item in value:
            assert_closed(item, prefix, known)
