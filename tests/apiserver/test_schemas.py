"""The schemas of custom resources: what is pruned, defaulted and refused, in the words of the real server.

The expected texts were taken from apiextensions-apiserver 0.33, asked about the same schemas and objects.
"""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from apiserver.caller import DEFINITIONS, WIDGETS, Caller, calling, definition, version, widget

STRING, INTEGER = {"type": "string"}, {"type": "integer"}
ANY = {"x-kubernetes-preserve-unknown-fields": True}
WIDGET = f"{DEFINITIONS}/widgets.example.com"


def spec(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}


@pytest.fixture
async def api() -> AsyncGenerator[Caller]:
    async with calling() as api:
        yield api


async def created(api: Caller, schema: dict[str, Any], content: Any, **query: str) -> Any:
    await api.define(definition(versions=[version("v1", schema)]))
    return await api.post(WIDGETS, widget(spec=content), **query)


async def test_unknown_fields_are_pruned_and_named(api):
    schema = spec(name=STRING, list={"type": "array", "items": {"type": "object", "properties": {"a": INTEGER}}})
    reply = await created(api, schema, {"name": "x", "other": 1, "list": [{"a": 1, "b": 2}]})
    assert reply.body["spec"] == {"name": "x", "list": [{"a": 1}]}
    assert sorted(reply.warnings) == [r"unknown field \"spec.list[0].b\"", r"unknown field \"spec.other\""]
    refused = await api.post(WIDGETS, widget("b", spec={"other": 1}), fieldValidation="Strict")
    why = 'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.other"'
    assert (refused.code, refused.message) == (400, why)
    ignored = await api.post(WIDGETS, widget("c", spec={"other": 1}), fieldValidation="Ignore")
    assert (ignored.code, ignored.warnings) == (201, [])


async def test_what_a_schema_preserves_is_kept_but_for_what_it_knows(api):
    schema = spec(
        free=ANY | {"type": "object", "properties": {"known": {"type": "object", "properties": {"a": STRING}}}}
    )
    reply = await created(api, schema, {"free": {"x": {"y": 1}, "known": {"a": "1", "b": "2"}}})
    assert reply.body["spec"] == {"free": {"x": {"y": 1}, "known": {"a": "1"}}}


async def test_unknown_metadata_is_named_and_wrong_metadata_refused(api):
    await api.define(definition())
    strange = widget()
    strange["metadata"]["color"] = "red"
    assert (await api.post(WIDGETS, strange)).warnings == [r"unknown field \"metadata.color\""]
    wrong = widget("b")
    wrong["metadata"]["labels"] = {"a": 1}
    assert (await api.post(WIDGETS, wrong)).code == 400


async def test_defaults_are_filled_in_when_writing_and_when_reading(api):
    inner = {"type": "object", "default": {}, "properties": {"size": INTEGER | {"default": 3}}}
    reply = await created(api, spec(inner=inner, on={"type": "boolean", "default": True}), {"on": None})
    assert reply.body["spec"] == {"on": True, "inner": {"size": 3}}
    later = spec(inner=inner, on={"type": "boolean", "default": True}, later=STRING | {"default": "new"})
    await api.redefine(version("v1", later))
    found = await api.get(f"{WIDGETS}/a")
    assert found.body["spec"]["later"] == "new"
    listed = (await api.get(WIDGETS)).body["items"]
    assert listed[0]["spec"]["later"] == "new"


async def test_what_a_narrower_schema_no_longer_knows_is_no_longer_shown(api):
    await created(api, spec(name=STRING, other=STRING), {"name": "x", "other": "y"})
    await api.redefine(version("v1", spec(name=STRING)))
    found = await api.get(f"{WIDGETS}/a")
    assert found.body["spec"] == {"name": "x"}


async def test_nulls_go_where_none_are_allowed(api):
    schema = spec(a=STRING, b=STRING | {"nullable": True}, c=STRING | {"default": "x"})
    assert (await created(api, schema, {"a": None, "b": None, "c": None})).body["spec"] == {"b": None, "c": "x"}


async def test_whole_numbers_are_written_as_such(api):
    reply = await created(api, spec(a=INTEGER, b={"type": "number"}, c=ANY), {"a": 4.0, "b": 2.0, "c": [1.5, 3.0]})
    text = (await api.store.range(b"/registry/example.com/widgets/default/a")).kvs[0].value
    assert b'"spec":{"a":4,"b":2,"c":[1.5,3]}' in text, reply.body


MISTAKES = [
    (INTEGER, "x", 'spec.v: Invalid value: "string": spec.v in body must be of type integer: "string"'),
    (STRING, 1, 'spec.v: Invalid value: "integer": spec.v in body must be of type string: "integer"'),
    ({"type": "boolean"}, 1, 'spec.v: Invalid value: "integer": spec.v in body must be of type boolean: "integer"'),
    (INTEGER, True, 'spec.v: Invalid value: "boolean": spec.v in body must be of type integer: "boolean"'),
    (INTEGER, 1.5, 'spec.v: Invalid value: "number": spec.v in body must be of type integer: "number"'),
    (
        {"x-kubernetes-int-or-string": True},
        [],
        'spec.v: Invalid value: "array": spec.v in body must be of type integer,string: "array"',
    ),
    (STRING | {"enum": ["b", "a"]}, "c", 'spec.v: Unsupported value: "c": supported values: "b", "a"'),
    (INTEGER | {"enum": [1, 2]}, 3, 'spec.v: Unsupported value: 3: supported values: "1", "2"'),
    (INTEGER | {"minimum": 1}, 0, "spec.v: Invalid value: 0: spec.v in body should be greater than or equal to 1"),
    (
        INTEGER | {"maximum": 3, "exclusiveMaximum": True},
        3,
        "spec.v: Invalid value: 3: spec.v in body should be less than 3",
    ),
    (
        {"type": "number", "maximum": 1000000},
        2e6,
        "spec.v: Invalid value: 2e+06: spec.v in body should be less than or equal to 1e+06",
    ),
    (INTEGER | {"multipleOf": 2}, 3, "spec.v: Invalid value: 3: spec.v in body should be a multiple of 2"),
    (STRING | {"maxLength": 2}, "abc", "spec.v: Too long: may not be more than 2 bytes"),
    (STRING | {"minLength": 2}, "ü", 'spec.v: Invalid value: "ü": spec.v in body should be at least 2 chars long'),
    (STRING | {"pattern": "^[a-z]+$"}, "A", "spec.v: Invalid value: \"A\": spec.v in body should match '^[a-z]+$'"),
    (STRING | {"format": "ipv4"}, "x", 'spec.v: Invalid value: "x": spec.v in body must be of type ipv4: "x"'),
    ({"type": "array", "items": STRING, "maxItems": 1}, ["a", "b"], "spec.v: Too many: 2: must have at most 1 items"),
    (
        {"type": "array", "items": STRING, "minItems": 1},
        [],
        "spec.v: Invalid value: 0: spec.v in body should have at least 1 items",
    ),
    (
        {"type": "array", "items": INTEGER},
        [1, "b"],
        'spec.v[1]: Invalid value: "string": spec.v[1] in body must be of type integer: "string"',
    ),
    (
        {"type": "object", "additionalProperties": INTEGER, "minProperties": 1},
        {},
        "spec.v: Invalid value: 0: spec.v in body should have at least 1 properties",
    ),
    (
        {"type": "object", "additionalProperties": INTEGER},
        {"a": "b"},
        'spec.v.a: Invalid value: "string": spec.v.a in body must be of type integer: "string"',
    ),
    ({"type": "object", "properties": {"a": STRING}, "required": ["a"]}, {}, "spec.v.a: Required value"),
    (
        STRING | {"not": {"enum": ["a"]}},
        "a",
        '<nil>: Invalid value: "": "spec.v" must not validate the schema (not)',
    ),
    (
        STRING | {"oneOf": [{"minLength": 1}, {"maxLength": 3}]},
        "ab",
        '<nil>: Invalid value: "": "spec.v" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ),
    (
        {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"},
        ["a", "a"],
        'spec.v[1]: Duplicate value: "a"',
    ),
    (
        {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "required": ["k"], "properties": {"k": STRING}},
        },
        [{"k": "a"}, {"k": "a"}],
        'spec.v[1]: Duplicate value: map[string]interface {}{"k":"a"}',
    ),
    (
        ANY | {"type": "object", "x-kubernetes-embedded-resource": True},
        {"kind": "a b"},
        "spec.v.apiVersion: Required value: must not be empty",
    ),
]


async def test_mistakes_are_refused_in_the_words_of_the_real_server(api):
    await api.define(definition())
    for number, (schema, value, text) in enumerate(MISTAKES):
        plural = f"w{number}s"
        await api.define(definition(plural, f"W{number}", versions=[version("v1", spec(v=schema))]))
        path = f"/apis/example.com/v1/namespaces/default/{plural}"
        reply = await api.post(path, widget(spec={"v": value}) | {"kind": f"W{number}"})
        assert reply.code == 422, (schema, value, reply.body)
        assert text in reply.message, (schema, value)


async def test_of_failed_alternatives_the_nearest_is_named(api):
    schema = spec(
        v={
            "type": "object",
            "properties": {"a": STRING, "b": STRING},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        }
    )
    reply = await created(api, schema, {"v": {}})
    causes = {(one.get("field"), one["message"]) for one in reply.body["details"]["causes"]}
    assert causes == {
        ("<nil>", 'Invalid value: "": "spec.v" must validate at least one schema (anyOf)'),
        ("spec.v.a", "Required value"),
    }


async def test_a_status_is_checked_on_its_own(api):
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "required": ["size"], "properties": {"size": INTEGER}},
            "status": {"type": "object", "properties": {"replicas": INTEGER}},
        },
    }
    await api.define(definition(versions=[version("v1", schema)]))
    await api.post(WIDGETS, widget(spec={"size": 1}))
    refused = await api.patch(f"{WIDGETS}/a/status", {"status": {"replicas": "x"}})
    text = 'status.replicas: Invalid value: "string": replicas in body must be of type integer: "string"'
    assert (refused.code, text in refused.message) == (422, True)
    assert (await api.patch(f"{WIDGETS}/a/status", {"status": {"replicas": 1}})).code == 200


async def test_what_was_wrong_before_and_has_not_changed_is_let_pass(api):
    await created(api, spec(name=STRING, size=INTEGER), {"name": "LONG", "size": 1})
    narrow = spec(name=STRING | {"maxLength": 2}, size=INTEGER)
    await api.redefine(version("v1", narrow))
    refused = await api.post(WIDGETS, widget("b", spec={"name": "LONG"}))
    assert refused.code == 422
    assert (await api.patch(f"{WIDGETS}/a", {"spec": {"size": 2}})).code == 200
    assert (await api.patch(f"{WIDGETS}/a", {"spec": {"name": "LONGER"}})).code == 422


async def test_a_number_that_was_wrong_before_does_not_let_a_boolean_pass(api):
    await created(api, spec(v=ANY), {"v": 1})
    await api.redefine(version("v1", spec(v=STRING)))
    assert (await api.patch(f"{WIDGETS}/a", {"spec": {"v": True}})).code == 422


BAD_SCHEMAS = [
    ({}, "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"),
    ({"type": "string"}, 'spec.validation.openAPIV3Schema.type: Invalid value: "string": must be object at the root'),
    (
        spec(a={}),
        "spec.validation.openAPIV3Schema.properties[spec].properties[a].type: Required value: "
        "must not be empty for specified object fields",
    ),
    (
        spec(a={"type": "array"}),
        "spec.validation.openAPIV3Schema.properties[spec].properties[a].items: Required value: must be specified",
    ),
    (
        spec(a=STRING | {"pattern": "("}),
        'properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: '
        "error parsing regexp: missing closing ): `(`",
    ),
    (
        spec(a=STRING | {"anyOf": [{"type": "string"}]}),
        "properties[a].anyOf[0].type: Forbidden: must be empty to be structural",
    ),
    (
        {"type": "object", "anyOf": [{"properties": {"b": {"minLength": 1}}}]},
        "spec.validation.openAPIV3Schema.properties[b]: Required value: because it is defined in "
        "spec.validation.openAPIV3Schema.anyOf[0].properties[b]",
    ),
    (
        spec(a=INTEGER | {"default": "x"}),
        'properties[a].default: Invalid value: "string":  in body must be of type integer: "string"',
    ),
    (
        spec(a={"type": "object", "properties": {"b": STRING}, "default": {"c": 1}}),
        'properties[a].default: Invalid value: map[string]interface {}{"c":1}: must not have unknown fields',
    ),
    (spec(a=STRING | {"uniqueItems": True}), "properties[a].uniqueItems: Forbidden: uniqueItems cannot be set to true"),
    (
        spec(a={"type": "object", "properties": {"b": STRING}, "additionalProperties": STRING}),
        "properties[a].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
    ),
    (
        spec(a={"type": "array", "items": STRING, "x-kubernetes-list-type": "map"}),
        "properties[a].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
    ),
    (spec(a={"type": "nope"}), 'properties[a].type: Unsupported value: "nope": supported values: "array"'),
    (spec(a=STRING | {"$ref": "#/x"}), "properties[a].$ref: Forbidden: $ref is not supported"),
]


async def test_schemas_that_are_not_structural_are_refused(api):
    for schema, text in BAD_SCHEMAS:
        reply = await api.post(DEFINITIONS, definition(versions=[version("v1", schema, subresources={})]))
        assert reply.code == 422, (schema, reply.body)
        assert text in reply.message, schema


async def test_a_pattern_that_would_take_for_ever_elsewhere_takes_no_time(api):
    reply = await created(api, spec(v=STRING | {"pattern": "^(a+)+$"}), {"v": "a" * 20_000 + "!"})
    assert reply.code == 422


async def test_what_openapi_says_of_it(api):
    await api.define(definition(versions=[version("v1", spec(size=INTEGER | {"description": "how large"}))]))
    index = (await api.get("/openapi/v3")).body["paths"]
    document = (await api.get("/openapi/v3/apis/example.com/v1")).body
    found = document["components"]["schemas"]["com.example.v1.Widget"]
    assert found["properties"]["spec"]["properties"]["size"] == {"type": "integer", "description": "how large"}
    assert found["x-kubernetes-group-version-kind"] == [{"group": "example.com", "version": "v1", "kind": "Widget"}]
    assert "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" in document["components"]["schemas"]
    whole = (await api.get("/openapi/v2")).body
    meta = whole["definitions"]["com.example.v1.Widget"]["properties"]["metadata"]
    assert meta["$ref"] == "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    await api.redefine(version("v1", spec(size=STRING)))
    path = "apis/example.com/v1"
    later = await api.until("/openapi/v3", lambda reply: reply.body["paths"][path] != index[path])
    assert later.body["paths"]["apis/apps/v1"] == index["apis/apps/v1"]


NO_SCHEMAS = [
    {"type": "array", "items": 5},
    {"type": "object", "additionalProperties": "x"},
    {"type": "array", "items": {"type": "object", "properties": 5}},
    {"type": "array", "items": {"type": 5}},
    {"type": "array", "items": {"allOf": {"x": 1}}},
    {"type": "object", "additionalProperties": {"not": [1]}},
    {"type": "array", "items": {"type": "array", "items": {"x-kubernetes-validations": 8}}},
    {"type": "object", "additionalProperties": {"type": "string", "pattern": 7, "minLength": "x"}},
]


async def test_what_is_no_schema_is_refused_however_deep_it_stands(api):
    for schema in NO_SCHEMAS:
        reply = await api.post(DEFINITIONS, definition(versions=[version("v1", spec(a=schema))]))
        assert (reply.code, reply.body["reason"]) == (400, "BadRequest"), (schema, reply.body)
        assert "cannot unmarshal" in reply.message


async def test_unknown_keywords_are_named_however_deep_they_stand(api):
    schema = spec(a={"type": "array", "items": {"type": "string", "colour": "red"}})
    reply = await api.post(DEFINITIONS, definition(versions=[version("v1", schema)]))
    path = "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[a].items.colour"
    assert reply.warnings == [rf"unknown field \"{path}\""]


async def test_schemas_and_objects_may_be_as_deep_as_json_may(api):
    schema, value = STRING, "x"
    for _ in range(220):
        schema, value = {"type": "array", "items": schema}, [value]
    reply = await created(api, spec(a=schema), {"a": value})
    assert (reply.code, reply.body["spec"]["a"]) == (201, value)
    assert (await api.get("/openapi/v3/apis/example.com/v1")).code == 200


async def test_openapi_says_that_no_strategic_merge_is_taken(api):
    await api.define(definition())
    path = "/apis/example.com/v1/namespaces/{namespace}/widgets/{name}"
    document = (await api.get("/openapi/v3/apis/example.com/v1")).body
    taken = document["paths"][path]["patch"]["requestBody"]["content"]
    assert "application/merge-patch+json" in taken
    assert "application/strategic-merge-patch+json" not in taken
