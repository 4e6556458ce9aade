"""Which fields differ, as Kubernetes' structured merge counts them."""

from typing import Any

import pytest

from podvisor.types import schema
from podvisor.types.managed import compare, typed

DEPLOYMENT = typed.of(schema.of_kind("apps", "v1", "Deployment"))
POD = typed.of(schema.of_kind("", "v1", "Pod"))
CONTAINER = 'k:{"name":"web"}'


def pod(**container: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": "web", **container}]}}


def test_a_new_object_adds_structs_of_go_without_owning_them() -> None:
    new = {"metadata": {"labels": {"app": "a"}}, "spec": {"replicas": 1, "strategy": {"type": "Recreate"}}}
    assert compare.compare(DEPLOYMENT, {}, new).added == {
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {"f:replicas": {}, "f:strategy": {"f:type": {}}},
    }


def test_a_new_item_brings_the_structs_that_go_always_writes() -> None:
    added = compare.compare(POD, {}, pod(image="i")).added
    assert added == {"f:spec": {"f:containers": {CONTAINER: {".": {}, "f:name": {}, "f:image": {}, "f:resources": {}}}}}


def test_what_go_omits_is_not_owned() -> None:
    assert compare.compare(POD, {}, {"spec": {"hostNetwork": False, "nodeSelector": {}}}).added == {}


def test_a_key_that_is_left_out_has_its_default() -> None:
    old, new = pod(ports=[{"containerPort": 80}]), pod(ports=[{"containerPort": 80, "protocol": "TCP", "name": "a"}])
    port = {'k:{"containerPort":80,"protocol":"TCP"}': {"f:protocol": {}, "f:name": {}}}
    found = compare.compare(POD, old, new)
    assert found.added == {"f:spec": {"f:containers": {CONTAINER: {"f:ports": port}}}}
    assert found.removed == found.modified == {}


def test_items_are_compared_wherever_they_stand() -> None:
    old = {"spec": {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}}
    new = {"spec": {"containers": [{"name": "b", "image": "2"}]}}
    found = compare.compare(POD, old, new)
    assert found.modified == {"f:spec": {"f:containers": {'k:{"name":"b"}': {"f:image": {}}}}}
    removed = {".": {}, "f:name": {}, "f:image": {}, "f:resources": {}}
    assert found.removed == {"f:spec": {"f:containers": {'k:{"name":"a"}': removed}}}


def test_an_atomic_map_changes_as_a_whole() -> None:
    old, new = ({"spec": {"selector": {"matchLabels": {"app": name}}}} for name in "ab")
    assert compare.compare(DEPLOYMENT, old, new).modified == {"f:spec": {"f:selector": {}}}


def test_a_set_has_its_values_as_items() -> None:
    old, new = {"metadata": {"finalizers": ["a/a", "a/b"]}}, {"metadata": {"finalizers": ["a/b", "a/c"]}}
    found = compare.compare(POD, old, new)
    assert found.added == {"f:metadata": {"f:finalizers": {'v:"a/c"': {}}}}
    assert found.removed == {"f:metadata": {"f:finalizers": {'v:"a/a"': {}}}}


def test_without_a_schema_maps_are_granular_and_lists_atomic() -> None:
    old, new = {"a": {"b": 1, "c": [1]}}, {"a": {"b": 1, "c": [1, 2], "d": {}}}
    found = compare.compare(typed.DEDUCED, old, new)
    assert (found.modified, found.added) == ({"f:a": {"f:c": {}}}, {"f:a": {"f:d": {}}})


def test_a_configuration_speaks_of_leaves_items_and_entries() -> None:
    given = {"metadata": {"labels": {"app": "a"}}, **pod(ports=[{"containerPort": 80}], resources={})}
    port = {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}}
    container = {".": {}, "f:name": {}, "f:ports": port, "f:resources": {}}
    assert compare.fields_of(POD, given) == {
        "f:metadata": {"f:labels": {"f:app": {}}},
        "f:spec": {"f:containers": {CONTAINER: container}},
    }


def test_an_item_without_its_key_cannot_be_compared() -> None:
    with pytest.raises(typed.Unkeyed, match="may not have non-map"):
        compare.compare(POD, {}, pod(ports=["80"]))
