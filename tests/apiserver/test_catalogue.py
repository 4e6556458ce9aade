"""The catalogue of resources, which changes while the server runs."""

import asyncio

import pytest

from podvisor.apiserver import kinds
from podvisor.apiserver.catalogue import Catalogue, priority
from podvisor.apiserver.resource import Resource


def widget(version: str = "v1", group: str = "example.com", plural: str = "widgets") -> Resource:
    return Resource(group, version, plural, "Widget")


@pytest.fixture
def catalogue() -> Catalogue:
    return kinds.catalogue()


def test_what_is_put_is_served_beside_what_is_built_in(catalogue):
    found = widget()
    assert catalogue.put({"widgets.example.com": [found]}) == []
    assert catalogue.get("example.com", "v1", "widgets") is found
    assert catalogue.get("", "v1", "pods")


def test_what_is_put_again_takes_the_place_of_what_was_there(catalogue):
    first, second = widget(), widget("v2")
    catalogue.put({"widgets.example.com": [first, second]})
    third = widget()
    assert catalogue.put({"widgets.example.com": [third, second]}) == [first]
    assert catalogue.get("example.com", "v1", "widgets") is third


def test_what_is_withdrawn_is_served_no_more(catalogue):
    found = widget()
    catalogue.put({"widgets.example.com": [found]})
    assert catalogue.put({"widgets.example.com": []}) == [found]
    assert "example.com" not in catalogue.now.groups


def test_whoever_looked_before_a_change_still_sees_what_was_there(catalogue):
    before = catalogue.now
    catalogue.put({"widgets.example.com": [widget()]})
    assert ("example.com", "v1", "widgets") not in before.by_path
    assert ("example.com", "v1", "widgets") in catalogue.now.by_path


def test_a_group_version_that_is_built_in_is_not_taken_over(catalogue):
    pods = catalogue.get("", "v1", "pods")
    catalogue.put({"a": [widget("v1", "", "pods"), widget("v1", "apps", "widgets")]})
    assert catalogue.get("", "v1", "pods") is pods
    assert ("apps", "v1", "widgets") not in catalogue.now.by_path


def test_the_stable_versions_of_a_group_come_first(catalogue):
    names = ["v1alpha1", "foo", "v2beta1", "v1", "v10", "v2", "v11alpha2", "v2beta10"]
    catalogue.put({"widgets.example.com": [widget(name) for name in names]})
    wanted = ["v10", "v2", "v1", "v2beta10", "v2beta1", "v11alpha2", "v1alpha1", "foo"]
    assert catalogue.now.groups["example.com"] == wanted
    assert priority("v01") > priority("v1alpha1")


async def test_a_change_is_heard_of(catalogue):
    version = catalogue.version
    hearing = asyncio.create_task(catalogue.changed(version))
    await asyncio.sleep(0)
    assert not hearing.done()
    catalogue.put({"widgets.example.com": [widget()]})
    assert await hearing == catalogue.version > version
    assert await catalogue.changed(version) == catalogue.version
