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
    for nonsense in ({}, ["x"]):
        with pytest.raises(patch.BadPatch):
            patch.json_patch.apply(target, nonsense)
    for nonsense in ([{"op": "dance", "path": "/a"}], [{"op": "add"}], [{"path": "/a"}]):
        with pytest.raises(patch.Inapplicable):
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


PORTS = [
    {"containerPort": 53, "protocol": "UDP"},
    {"containerPort": 53, "protocol": "TCP"},
    {"containerPort": 9153, "protocol": "TCP"},
]


def ports(change: dict[str, Any]) -> Any:
    """The ports of a container after a change to that container."""
    before = {"containers": [{"name": "dns", "ports": PORTS}]}
    return strategic(before, {"containers": [{"name": "dns"} | change]})["containers"][0]["ports"]


def test_items_with_the_same_merge_key_are_not_lost() -> None:
    apply = {
        "ports": [{"containerPort": 9153, "$patch": "delete"}, {"containerPort": 9154, "protocol": "TCP"}],
        "$setElementOrder/ports": [{"containerPort": 53}, {"containerPort": 53}, {"containerPort": 9154}],
    }
    assert ports(apply) == [*PORTS[:2], {"containerPort": 9154, "protocol": "TCP"}]
    assert ports({"ports": [{"containerPort": 53, "name": "x"}]}) == [PORTS[0] | {"name": "x"}, *PORTS[1:]]
    assert ports({"ports": [{"containerPort": 53, "$patch": "delete"}]}) == PORTS[2:]


def test_a_replace_directive_on_an_item_replaces_the_list() -> None:
    assert ports({"ports": [{"containerPort": 53, "$patch": "replace"}, {"containerPort": 1}]}) == [
        {"containerPort": 1}
    ]
    assert ports({"ports": [{"containerPort": 53, "$patch": "replace"}]}) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ports": [{"containerPort": 53, "$patch": "merge"}]}, "merging lists cannot yet be specified in the patch"),
        ({"$patch": "merge"}, "merging lists cannot yet be specified in the patch"),
        ({"securityContext": {"$patch": "merge"}}, "unknown patch type: merge in map: map[$patch:merge]"),
        ({"$setElementOrder/ports": 1}, "expected a []interface {}, but received a int64"),
        ({"$setElementOrder.ports": []}, "invalid patch format of setElementOrder list"),
        ({"$deleteFromPrimitiveList": []}, "invalid patch format of primitive list"),
        ({"$retainKeys": "name"}, "invalid patch format of retainKeys"),
        ({"$retainKeys": ["image"]}, "invalid patch format of retainKeys"),
        ({"ports": [{}]}, "map: map[] does not contain declared merge key: containerPort"),
        (
            {"ports": ["x"]},
            "list element types are not identical: [[map[containerPort:53 protocol:UDP] map[containerPort:53 "
            "protocol:TCP] map[containerPort:9153 protocol:TCP]] [x]]",
        ),
        (
            {"ports": [{"containerPort": 1}], "$setElementOrder/ports": [{"containerPort": 2}]},
            "The order in patch list:\n[map[containerPort:1]]\n doesn't match $setElementOrder list:\n"
            "[map[containerPort:2]]\n",
        ),
    ],
)
def test_refusals_are_in_the_words_of_apimachinery(change: dict[str, Any], message: str) -> None:
    before = {"name": "dns", "ports": PORTS, "securityContext": {"runAsUser": 1}}
    with pytest.raises(patch.BadPatch) as refused:
        strategic({"containers": [before]}, {"containers": [{"name": "dns"} | change]})
    assert str(refused.value) == message


def test_an_order_alone_reorders_and_an_atomic_list_is_replaced() -> None:
    before = {"tolerations": [{"key": "a"}, {"key": "b"}], "containers": containers("a", "b")}
    assert strategic(before, {"tolerations": [{"key": "c"}]})["tolerations"] == [{"key": "c"}]
    assert strategic(before, {"$setElementOrder/containers": containers("b", "a")})["containers"][0] == {"name": "b"}
    with pytest.raises(patch.BadPatch):
        strategic(before, {"$setElementOrder/tolerations": [{"key": "b"}]})


def test_long_lists_are_merged_in_the_time_that_their_length_takes() -> None:
    """Each item of the patch is found in a table, not by a search: a search would make this 10 ** 10 comparisons."""
    many = [{"name": f"v{number}", "value": "1"} for number in range(100_000)]
    before = {"containers": [{"name": "a", "env": many}]}
    change = {"containers": [{"name": "a", "env": [one | {"value": "2"} for one in reversed(many)]}]}
    after = strategic(before, change)["containers"][0]["env"]
    assert (after[0], after[-1], len(after)) == (
        {"name": "v99999", "value": "2"},
        {"name": "v0", "value": "2"},
        100_000,
    )


def test_arguments_stay_as_they_were() -> None:
    before = {"containers": [{"name": "dns", "ports": list(PORTS)}], "volumes": [{"name": "v", "emptyDir": {}}]}
    change = {"containers": [{"name": "dns", "ports": [{"containerPort": 53, "$patch": "delete"}]}], "volumes": None}
    copies = (repr(before), repr(change))
    strategic(before, change)
    assert (repr(before), repr(change)) == copies
