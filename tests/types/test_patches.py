"""Merge patch, JSON patch and strategic merge patch."""

from typing import Any

import pytest

from podvisor.types import patch, schema

POD = schema.of_kind("", "v1", "Pod")
DEPLOYMENT = schema.of_kind("apps", "v1", "Deployment")


def strategic(spec: Any, change: Any) -> Any:
    """Patch the spec of a pod."""
    return patch.strategic.apply(POD, {"spec": spec}, {"spec": change})["spec"]


def containers(*names: str) -> list[dict[str, Any]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("target", "change", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_as_in_rfc_7386(target: Any, change: Any, result: Any) -> None:
    assert patch.merge.apply(target, change) == result


def test_json_patch_applies_all_or_nothing() -> None:
    target = {"a": 1}
    assert patch.json_patch.apply(target, [{"op": "add", "path": "/b", "value": 2}]) == {"a": 1, "b": 2}
    steps = [{"op": "remove", "path": "/a"}, {"op": "test", "path": "/b", "value": 1}]
    with pytest.raises(patch.Inapplicable):
        patch.json_patch.apply(target, steps)
    assert target == {"a": 1}
    for nonsense in ({}, [{"op": "dance", "path": "/a"}], [{"op": "add"}], ["x"]):
        with pytest.raises(patch.BadPatch):
            patch.json_patch.apply(target, nonsense)


def test_keyed_lists_are_merged_by_their_key() -> None:
    before = {"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}
    after = strategic(before, {"containers": [{"name": "b", "image": "2"}]})
    assert after["containers"] == [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]


def test_new_items_come_first_unless_an_order_is_given() -> None:
    before = {"containers": containers("a", "b")}
    assert strategic(before, {"containers": containers("c")})["containers"] == containers("c", "a", "b")
    change = {"containers": containers("c"), "$setElementOrder/containers": containers("a", "b", "c")}
    assert strategic(before, change)["containers"] == containers("a", "b", "c")
    change = {"$setElementOrder/containers": containers("b", "a")}
    assert strategic(before, change)["containers"] == containers("b", "a")


def test_items_of_others_keep_their_place() -> None:
    before = {"containers": containers("a", "injected", "b")}
    change = {"containers": containers("c"), "$setElementOrder/containers": containers("a", "b", "c")}
    assert strategic(before, change)["containers"] == containers("a", "injected", "b", "c")


def test_items_are_deleted_by_directive() -> None:
    before = {"containers": containers("a", "b")}
    change = {"containers": [{"name": "a", "$patch": "delete"}]}
    assert strategic(before, change)["containers"] == containers("b")
    change = {"containers": [{"$patch": "replace"}, {"name": "z"}]}
    assert strategic(before, change)["containers"] == containers("z")


def test_atomic_lists_are_replaced() -> None:
    before = {"containers": [{"name": "a", "args": ["1", "2"]}]}
    after = strategic(before, {"containers": [{"name": "a", "args": ["3"]}]})
    assert after["containers"][0]["args"] == ["3"]


def test_plain_lists_are_joined_and_trimmed() -> None:
    target = {"metadata": {"finalizers": ["a", "b"]}}
    joined = patch.strategic.apply(POD, target, {"metadata": {"finalizers": ["c"]}})
    assert sorted(joined["metadata"]["finalizers"]) == ["a", "b", "c"]
    change = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}
    assert patch.strategic.apply(POD, target, change)["metadata"]["finalizers"] == ["b"]


def test_retained_keys_drop_the_rest() -> None:
    before = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    change = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert patch.strategic.apply(DEPLOYMENT, before, change) == {"spec": {"strategy": {"type": "Recreate"}}}


def test_directives_replace_and_delete_objects() -> None:
    before = {"nodeSelector": {"a": "1"}, "securityContext": {"runAsUser": 1}}
    after = strategic(before, {"nodeSelector": {"$patch": "replace", "b": "2"}})
    assert after["nodeSelector"] == {"b": "2"}
    assert strategic(before, {"securityContext": {"$patch": "delete"}})["securityContext"] == {}
    with pytest.raises(patch.BadPatch, match="unknown patch type"):
        strategic(before, {"securityContext": {"$patch": "dance"}})


def test_an_item_without_its_key_is_a_bad_patch() -> None:
    with pytest.raises(patch.BadPatch, match="does not contain declared merge key: name"):
        strategic({"containers": containers("a")}, {"containers": [{"image": "x"}]})
