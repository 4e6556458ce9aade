"""A configuration merged into an object, as Kubernetes' structured merge does it."""

from typing import Any

import pytest

from podvisor.types import schema
from podvisor.types.managed import merge, typed

POD = typed.of(schema.of_kind("", "v1", "Pod"))


def containers(*names: str, **fields: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": name, **fields} for name in names]}}


def order(item: dict[str, Any]) -> str:
    return "".join(one["name"] for one in item["spec"]["containers"])


@pytest.mark.parametrize(
    ("live", "config", "wanted"),
    [("abc", "b", "abc"), ("abc", "ca", "bca"), ("ab", "c", "abc"), ("ab", "cb", "acb"), ("", "ba", "ba")],
)
def test_items_come_in_the_order_of_the_configuration(live: str, config: str, wanted: str) -> None:
    assert order(merge.merge(POD, containers(*live), containers(*config))) == wanted


def test_fields_of_both_are_those_of_the_configuration() -> None:
    live, config = containers("a", image="1", tty=True), containers("a", image="2")
    assert merge.merge(POD, live, config)["spec"]["containers"] == [{"name": "a", "image": "2", "tty": True}]


def test_an_atomic_list_is_replaced() -> None:
    live, config = containers("a", command=["x", "y"]), containers("a", command=["z"])
    assert merge.merge(POD, live, config) == config


def test_maps_are_merged_by_entry_and_null_takes_nothing_away() -> None:
    live, config = ({"metadata": {"labels": labels}} for labels in ({"a": "1", "b": "1"}, {"b": "2"}))
    assert merge.merge(POD, live, config)["metadata"]["labels"] == {"a": "1", "b": "2"}
    assert merge.merge(POD, live, {"metadata": None}) == live


def test_an_item_may_be_named_once_only() -> None:
    with pytest.raises(merge.Duplicate):
        merge.merge(POD, {}, containers("a", "a"))


def test_without_a_schema_a_value_may_change_its_kind() -> None:
    assert merge.merge(typed.DEDUCED, {"a": {"b": 1}, "c": [1]}, {"a": 2, "c": [2]}) == {"a": 2, "c": [2]}
    assert merge.merge(typed.DEDUCED, {"a": 1}, {"a": {"b": 1}}) == {"a": {"b": 1}}
