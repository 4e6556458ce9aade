"""Rules in CEL: when they are asked, what they say, and which of them a definition may not have."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from apiserver.caller import DEFINITIONS, WIDGETS, Caller, calling, definition, version, widget

INTEGER, STRING = {"type": "integer"}, {"type": "string"}
WIDGET = f"{DEFINITIONS}/widgets.example.com"


def ruled(*rules: dict[str, Any], **properties: Any) -> dict[str, Any]:
    spec = {"type": "object", "properties": properties, "x-kubernetes-validations": list(rules)}
    return {"type": "object", "properties": {"spec": spec}}


@pytest.fixture
async def api() -> AsyncGenerator[Caller]:
    async with calling() as api:
        yield api


async def test_an_object_that_breaks_a_rule_is_refused(api):
    rules = (
        {"rule": "self.min <= self.max"},
        {"rule": "self.min >= 0", "message": "must not be negative", "fieldPath": ".min"},
        {"rule": "self.max < 9", "messageExpression": "'at most 8, not %d'.format([self.max])"},
        {"rule": "self.max != 7", "message": "seven", "reason": "FieldValueForbidden"},
    )
    await api.define(definition(versions=[version("v1", ruled(*rules, min=INTEGER, max=INTEGER))]))

    async def objection(**spec: int) -> str:
        return (await api.post(WIDGETS, widget(spec=spec))).message

    assert 'spec: Invalid value: "object": failed rule: self.min <= self.max' in await objection(min=2, max=1)
    assert 'spec.min: Invalid value: "object": must not be negative' in await objection(min=-1, max=1)
    assert 'spec: Invalid value: "object": at most 8, not 9' in await objection(min=1, max=9)
    assert "spec: Forbidden: seven" in await objection(min=1, max=7)
    assert "no such key: max evaluating rule: self.min <= self.max" in await objection(min=1)
    assert await objection(min=1, max=2) == ""


async def test_a_rule_about_a_change_is_asked_only_of_changes(api):
    rule = {"rule": "self.name == oldSelf.name", "message": "may not change"}
    await api.define(definition(versions=[version("v1", ruled(rule, name=STRING))]))
    assert (await api.post(WIDGETS, widget(spec={"name": "a"}))).code == 201
    assert "may not change" in (await api.patch(f"{WIDGETS}/a", {"spec": {"name": "b"}})).message
    assert (await api.patch(f"{WIDGETS}/a", {"metadata": {"labels": {"a": "b"}}})).code == 200


async def test_a_rule_with_an_optional_old_self_is_asked_of_new_objects_too(api):
    rule = {"rule": "oldSelf.hasValue() || self.size == 1", "optionalOldSelf": True, "message": "begins with 1"}
    await api.define(definition(versions=[version("v1", ruled(rule, size=INTEGER))]))
    assert "begins with 1" in (await api.post(WIDGETS, widget(spec={"size": 2}))).message
    assert (await api.post(WIDGETS, widget(spec={"size": 1}))).code == 201
    assert (await api.patch(f"{WIDGETS}/a", {"spec": {"size": 2}})).code == 200


async def test_what_broke_a_rule_before_and_has_not_changed_is_let_pass(api):
    await api.define(definition(versions=[version("v1", ruled(size=INTEGER, name=STRING))]))
    inner = {"type": "object", "properties": {"v": INTEGER}}
    await api.post(WIDGETS, widget(spec={"size": 1, "name": "a"}))
    ruled_size = INTEGER | {"x-kubernetes-validations": [{"rule": "self > 1", "message": "too small"}]}
    await api.redefine(version("v1", ruled(size=ruled_size, name=STRING, more=inner)))
    assert (await api.patch(f"{WIDGETS}/a", {"spec": {"name": "b"}})).code == 200
    assert "too small" in (await api.patch(f"{WIDGETS}/a", {"spec": {"size": 0}})).message


async def test_rules_of_items_and_of_values_name_where_they_stand(api):
    positive = INTEGER | {"x-kubernetes-validations": [{"rule": "self > 0", "message": "positive"}]}
    schema = ruled(list={"type": "array", "items": positive}, map={"type": "object", "additionalProperties": positive})
    await api.define(definition(versions=[version("v1", schema)]))
    refused = await api.post(WIDGETS, widget(spec={"list": [1, 0], "map": {"a": 0}}))
    fields = {one["field"] for one in refused.body["details"]["causes"]}
    assert fields == {"spec.list[1]", "spec.map[a]"}


async def test_rules_are_not_asked_where_types_are_wrong(api):
    await api.define(definition(versions=[version("v1", ruled({"rule": "self.size > 1"}, size=INTEGER))]))
    refused = await api.post(WIDGETS, widget(spec={"size": "x"}))
    assert "some validation rules were not checked because the object was invalid" in refused.message


async def test_a_rule_that_costs_too_much_is_stopped(api):
    many = {"type": "array", "items": INTEGER}
    rule = {"rule": "self.l.all(a, self.l.all(b, self.l.all(c, self.l.all(d, a + b + c + d >= 0))))"}
    await api.define(definition(versions=[version("v1", ruled(rule, l=many))]))
    refused = await api.post(WIDGETS, widget(spec={"l": list(range(200))}))
    assert (refused.code, "cost" in refused.message) == (422, True)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"rule": "self.other > 1"}, "rule: Invalid value: apiextensions.ValidationRule{Rule:"),
        ({"rule": "self.other > 1"}, "compilation failed: ERROR: <input>:1:5: undefined field 'other'"),
        ({"rule": "self.size"}, "cel expression must evaluate to a bool"),
        ({"rule": "true", "messageExpression": "1"}, "messageExpression must evaluate to a string"),
        ({"rule": ""}, "rule: Required value: rule is not specified"),
        ({"rule": "true", "optionalOldSelf": True}, "may not be set if oldSelf is not used in rule"),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused_with_its_definition(api, rule, text):
    reply = await api.post(DEFINITIONS, definition(versions=[version("v1", ruled(rule, size=INTEGER))]))
    assert (reply.code, text in reply.message) == (422, True), reply.body


async def test_a_change_cannot_be_asked_of_items_that_have_no_identity(api):
    item = INTEGER | {"x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    schema = ruled(list={"type": "array", "items": item})
    reply = await api.post(DEFINITIONS, definition(versions=[version("v1", schema)]))
    assert "oldSelf cannot be used on the uncorrelatable portion of the schema within" in reply.message


async def test_objects_that_a_webhook_must_convert_are_refused_clearly(api):
    client = {"url": "https://example.com/convert"}
    conversion = {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"], "clientConfig": client}}
    await api.define(definition(versions=[version("v1"), version("v2", storage=False)], conversion=conversion))
    assert (await api.post(WIDGETS, widget())).code == 201
    refused = await api.get(f"{WIDGETS.replace('v1', 'v2')}/a")
    assert (refused.code, "conversion webhook for example.com/v1, Kind=Widget failed" in refused.message) == (500, True)
