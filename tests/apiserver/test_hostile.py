"""Requests that make no sense: each is refused in words, and nothing that is stored comes to harm."""

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import orjson
import pytest

from apiserver.conftest import Api
from podvisor.sdk import Resource, codec, kinds

SPACE = "/api/v1/namespaces/default"
MAPS = f"{SPACE}/configmaps"
ODD = (
    *(
        None,
        True,
        0,
        -1,
        2**40,
        1.5,
        "",
        "x",
        "\u0000",
        "é" * 300,
        "-",
        "1e9",
        "0x",
        "100%",
        "2026-01-01T00:00:00Z",
        "2026-99-01T00:00:00Z",
    ),
    *([], {}, [None], [[]], [{}], {"a": None}, {"a": {}}, {"$patch": "delete"}, [{"$patch": "replace"}], {"": ""}),
)

CONTAINER = {
    "name": "main",
    "image": "x:1",
    "command": ["a"],
    "env": [{"name": "A", "value": "b"}, {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
    "resources": {"requests": {"cpu": "100m"}, "limits": {"cpu": "1", "memory": "1Gi"}},
    "volumeMounts": [{"name": "data", "mountPath": "/data", "subPath": "a"}],
    "livenessProbe": {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 3},
    "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
    "securityContext": {"runAsUser": 1, "capabilities": {"add": ["SYS_TIME"]}},
}
POD = {
    "containers": [CONTAINER],
    "initContainers": [{"name": "first", "image": "x", "restartPolicy": "Always"}],
    "volumes": [
        {"name": "data", "projected": {"sources": [{"secret": {"name": "s", "items": [{"key": "a", "path": "b"}]}}]}}
    ],
    "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}],
    "affinity": {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}]
            }
        }
    },
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}],
    "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["a"]}],
    "nodeSelector": {"a": "b"},
    "securityContext": {"fsGroup": 1, "sysctls": [{"name": "a", "value": "b"}]},
}
LABELS = {"app": "x"}
TEMPLATE = {"metadata": {"labels": LABELS, "annotations": {"a": "b"}}, "spec": POD}
SELECTOR = {"matchLabels": LABELS, "matchExpressions": [{"key": "app", "operator": "Exists"}]}
OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "b"}
META = {"labels": LABELS, "annotations": {"a": "b"}, "ownerReferences": [OWNER], "finalizers": ["example.com/a"]}
ABOUT = {"kind": "Pod", "namespace": "default", "name": "a"}
KINDS: dict[str, dict[str, Any]] = {
    f"{SPACE}/pods": {"spec": POD},
    MAPS: {"data": {"a": "b"}, "binaryData": {"c": "ZA=="}, "immutable": False},
    f"{SPACE}/secrets": {"data": {"a": "Yg=="}, "stringData": {"c": "d"}, "type": "Opaque"},
    f"{SPACE}/services": {
        "spec": {"selector": LABELS, "ports": [{"port": 80, "targetPort": "http"}], "type": "NodePort"}
    },
    f"{SPACE}/endpoints": {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}]},
    f"{SPACE}/events": {"involvedObject": ABOUT, "reason": "a", "source": {"component": "b"}, "count": 1},
    f"{SPACE}/podtemplates": {"template": TEMPLATE},
    "/api/v1/nodes": {"spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]}, "status": {"capacity": {"cpu": "1"}}},
    "/api/v1/namespaces": {"spec": {"finalizers": ["kubernetes"]}},
    "/apis/apps/v1/namespaces/default/deployments": {
        "spec": {"selector": SELECTOR, "template": TEMPLATE, "strategy": {"rollingUpdate": {"maxSurge": 1}}}
    },
    "/apis/apps/v1/namespaces/default/replicasets": {"spec": {"selector": SELECTOR, "template": TEMPLATE}},
    "/apis/apps/v1/namespaces/default/controllerrevisions": {"data": {"a": 1}, "revision": 1},
    "/apis/batch/v1/namespaces/default/jobs": {
        "spec": {"template": {"spec": POD | {"restartPolicy": "Never"}}, "completionMode": "Indexed", "completions": 2}
    },
    "/apis/coordination.k8s.io/v1/namespaces/default/leases": {
        "spec": {"holderIdentity": "a", "leaseDurationSeconds": 1, "renewTime": "2026-01-01T00:00:00.000000Z"}
    },
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices": {
        "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}]
    },
    "/apis/events.k8s.io/v1/namespaces/default/events": {
        "regarding": ABOUT, "eventTime": "2026-01-01T00:00:00.000000Z"
    },
}  # fmt: skip


def spoilt(dice: random.Random, value: Any) -> Any:
    """`value` with something odd in a place or two."""
    result = {"x": deepcopy(value)}
    for _ in range(dice.randint(1, 2)):
        holder, key = dice.choice(list(places(result)))
        holder[key] = deepcopy(dice.choice(ODD))
    return result["x"]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


VIEWS = {(one.group, one.plural): one for one in vars(kinds).values() if isinstance(one, Resource)}


async def sound(api: Api, path: str) -> None:
    """What is stored can still be read, object by object, and by our own controllers, whose views are typed."""
    listed = await api.get(path)
    assert listed.code == 200
    parts = path.strip("/").split("/")
    if view := VIEWS.get((parts[1] if parts[0] == "apis" else "", parts[-1])):
        for item in listed.body["items"]:
            codec.decode(orjson.dumps(item), view.view)
    for item in listed.body["items"]:
        assert item["metadata"]["resourceVersion"]
        assert (await api.get(f"{path}/{item['metadata']['name']}")).body == item


@pytest.mark.parametrize("path", KINDS)
async def test_spoilt_objects_are_taken_or_refused(api: Api, path: str) -> None:
    await api.post(f"{SPACE}/serviceaccounts", {"metadata": {"name": "default"}})
    dice, whole = random.Random(path), {"metadata": META} | KINDS[path]
    for number in range(60):
        item = spoilt(dice, whole)
        if isinstance(item, dict) and isinstance(item.get("metadata"), dict):
            item["metadata"].setdefault("name", f"n{number}")
        reply = await api.post(path, item)
        assert reply.code in (201, 400, 403, 404, 409, 422), (item, reply.body)
        assert reply.code == 201 or (reply.message and "object at 0x" not in reply.message)
    await sound(api, path)


@pytest.mark.parametrize("path", KINDS)
async def test_spoilt_patches_are_taken_or_refused(api: Api, path: str) -> None:
    await api.post(f"{SPACE}/serviceaccounts", {"metadata": {"name": "default"}})
    dice, whole = random.Random(path), {"metadata": META | {"finalizers": []}} | KINDS[path]
    made = await api.post(path, {"metadata": META | {"finalizers": [], "name": "one"}} | KINDS[path])
    assert made.code in (201, 422), made.body
    for _ in range(40):
        for kind in ("merge", "strategic"):
            patch = spoilt(dice, whole)
            reply = await api.patch(f"{path}/one", patch, kind)
            assert reply.code in (200, 400, 403, 404, 409, 422), (kind, patch, reply.body)
    await sound(api, path)


@pytest.mark.parametrize(
    ("kind", "patch"),
    [
        ("merge", {"kind": None, "apiVersion": None}),
        ("merge", {"kind": "Pod"}),
        ("merge", {"apiVersion": "v2"}),
        ("merge", {"kind": ["a"]}),
        ("merge", {"metadata": None}),
        ("merge", []),
        ("strategic", {"$patch": "delete"}),
        ("strategic", {"$patch": "replace"}),
        ("strategic", {"$retainKeys": 1}),
        ("strategic", {"metadata": {"ownerReferences": [1]}}),
        ("strategic", {"metadata": {"ownerReferences": [{"uid": {"a": 1}}]}}),
        ("strategic", {"metadata": {"$setElementOrder/finalizers": [{"a": 1}], "finalizers": ["b"]}}),
        ("strategic", {"metadata": {"$deleteFromPrimitiveList/finalizers": 5}}),
        ("json", [{"op": "replace", "path": "/kind", "value": "Pod"}]),
        ("json", [{"op": "replace", "path": "/metadata", "value": None}]),
        ("json", [{"op": "replace", "path": "", "value": 2}]),
        ("json", [{"op": "remove", "path": ""}]),
        ("json", [{"op": "copy", "from": "", "path": "/data/x"}]),
        ("json", [{"op": "move", "from": "/metadata", "path": "/metadata/x"}]),
        ("json", [{"op": "add", "path": 1, "value": 2}]),
        ("json", [{"op": "add"}]),
        ("json", [1]),
    ],
)
async def test_no_patch_makes_another_kind_or_nothing_of_an_object(api: Api, kind: str, patch: Any) -> None:
    await api.post(MAPS, {"metadata": {"name": "one"}, "data": {"a": "b"}})
    reply = await api.patch(f"{MAPS}/one", patch, kind)
    assert reply.code in (200, 400, 422), reply.body
    now = (await api.get(f"{MAPS}/one")).body
    assert (now["kind"], now["apiVersion"], now["metadata"]["name"]) == ("ConfigMap", "v1", "one")
    await sound(api, MAPS)


async def test_copies_of_copies_end(api: Api) -> None:
    await api.post(MAPS, {"metadata": {"name": "one"}, "data": {"a": "b" * 1000}})
    steps = [{"op": "copy", "from": "/data", "path": f"/data/{number}"} for number in range(60)]
    reply = await api.patch(f"{MAPS}/one", steps, "json")
    assert (reply.code, "exceeding the limit 3145728" in reply.message) == (422, True)


async def test_a_replacement_says_which_object_it_is(api: Api) -> None:
    refused = await api.put("/api/v1/namespaces/default/finalize", {})
    assert refused.code == 400
    assert (await api.get("/api/v1/namespaces/default")).body["spec"]["finalizers"] == ["kubernetes"]


async def test_yaml_that_is_larger_than_it_looks_is_refused(api: Api) -> None:
    lines = ["a: &a [x,x,x,x,x,x,x,x,x,x]"]
    for name, before in ("ba", "cb", "dc", "ed", "fe", "gf", "hg", "ih"):
        lines.append(f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]")
    for body, words in (
        ("\n".join(lines), "excessive aliasing"),
        ("&a [*a]", "anchor contains itself"),
        ("[" * 5000, "nesting depth"),
        ("!!python/object/apply:os.system [id]", "could not determine a constructor"),
    ):
        reply = await api("POST", MAPS, body.encode(), Content_Type="application/yaml")
        assert (reply.code, words in reply.message) == (400, True), reply.body


async def test_yaml_keys_become_text(api: Api) -> None:
    body = b"metadata: {name: one}\ndata: {7: a, true: b, 2026-01-01: c}\n"
    reply = await api("POST", MAPS, body, Content_Type="application/yaml")
    assert reply.body["data"] == {"7": "a", "true": "b", "2026-01-01": "c"}


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"x"', b"{", b"[" * 100_000, b'{"a":' * 900, b"\xff", b'{"a":"\\ud800"}']
)
async def test_what_is_no_object_is_refused(api: Api, body: bytes) -> None:
    reply = await api("POST", MAPS, body)
    assert (reply.code, reply.body["reason"]) == (400, "BadRequest")


async def test_deep_documents_are_kept_or_refused(api: Api) -> None:
    revisions = "/apis/apps/v1/namespaces/default/controllerrevisions"
    for depth in (100, 400, 900, 1000):
        deep = b'{"a": ' * depth + b"1" + b"}" * depth
        body = b'{"metadata": {"name": "d%d"}, "revision": 1, "data": %b}' % (depth, deep)
        assert (await api("POST", revisions, body)).code in (201, 400, 422)
    await sound(api, revisions)
