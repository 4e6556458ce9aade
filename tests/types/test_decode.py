"""Decoding: types, unknown and repeated fields, nulls, quantities."""

from typing import Any

import pytest

from podvisor.types import decode, schema

DEPLOYMENT = schema.of_kind("apps", "v1", "Deployment")
POD = schema.of_kind("", "v1", "Pod")
SECRET = schema.of_kind("", "v1", "Secret")


def test_unknown_fields_are_dropped_and_named() -> None:
    item = {
        "spec": {"replicas": 1, "sise": 2, "template": {"spec": {"containers": [{"name": "a", "imge": "b"}]}}},
        "x": 1,
    }
    result, unknown = decode.conform(DEPLOYMENT, item)
    assert unknown == [
        'unknown field "spec.sise"',
        'unknown field "spec.template.spec.containers[0].imge"',
        'unknown field "x"',
    ]
    assert result == {"spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "a"}]}}}}


def test_nulls_mean_absence() -> None:
    result, _ = decode.conform(DEPLOYMENT, {"metadata": {"creationTimestamp": None, "name": "a"}, "spec": None})
    assert result == {"metadata": {"name": "a"}}


def test_quantities_become_canonical() -> None:
    limits = {"cpu": 1, "memory": "1024Mi", "example.com/x": "2000m"}
    item = {"spec": {"containers": [{"name": "a", "resources": {"limits": limits}}]}}
    result, _ = decode.conform(POD, item)
    found = result["spec"]["containers"][0]["resources"]["limits"]
    assert found == {"cpu": "1", "memory": "1Gi", "example.com/x": "2"}


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            {"spec": {"replicas": "many"}},
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
        ),
        (
            {"spec": {"template": {"spec": {"containers": {}}}}},
            "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type "
            "[]v1.Container",
        ),
        ({"spec": []}, "json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec"),
        (
            {"spec": {"paused": 1}},
            "json: cannot unmarshal number into Go struct field DeploymentSpec.spec.paused of type bool",
        ),
        (
            {"metadata": {"labels": {"a": True}}},
            "json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
        ),
    ],
)
def test_wrong_types_are_refused_in_gos_words(item: Any, message: str) -> None:
    with pytest.raises(decode.WrongType) as refusal:
        decode.conform(DEPLOYMENT, item)
    assert str(refusal.value) == message


def test_numbers_must_fit() -> None:
    assert decode.conform(DEPLOYMENT, {"spec": {"replicas": 3.0}})[0]["spec"]["replicas"] == 3
    for value in (2**31, 1.5, 10**30):
        with pytest.raises(decode.WrongType):
            decode.conform(DEPLOYMENT, {"spec": {"replicas": value}})


def test_bytes_must_be_base64() -> None:
    assert decode.conform(SECRET, {"data": {"a": "YQ=="}})[0] == {"data": {"a": "YQ=="}}
    with pytest.raises(decode.WrongType, match="illegal base64 data at input byte 3"):
        decode.conform(SECRET, {"data": {"a": "YQ=!"}})


def test_repeated_fields_are_found_wherever_they_are() -> None:
    body = b'{"a": {"b": 1, "c": [{"d": 1, "d": 2}], "b": 3}, "x": 1}'
    assert decode.duplicates(body) == ['duplicate field "a.c[0].d"', 'duplicate field "a.b"']
    assert decode.duplicates(b'{"a":1}') == ()
    assert decode.duplicates('{"a": "\u00fc<>"}'.encode()) == []
