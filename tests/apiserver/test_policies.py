"""ValidatingAdmissionPolicies: which changes they concern, what they speak of, what becomes of their verdicts."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from apiserver.caller import WIDGETS, Caller, calling, definition, version, widget
from podvisor.apiserver.access import User
from podvisor.apiserver.access.policy import Attributes, Decision
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.policies import evaluation, permissions
from podvisor.apiserver.policies.validating import validating

Json = dict[str, Any]
GROUP = "/apis/admissionregistration.k8s.io/v1"
POLICIES, BINDINGS = f"{GROUP}/validatingadmissionpolicies", f"{GROUP}/validatingadmissionpolicybindings"
MAPS = "/api/v1/namespaces/default/configmaps"
ABOUT_MAPS = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
PREFIX = "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: "


@pytest.fixture
async def api() -> AsyncGenerator[Caller]:
    async with calling() as api:
        yield api


async def enforce(
    api: Caller, *validations: str | Json, name: str = "p", binding: Json | None = None, **spec: Any
) -> None:
    """Make a policy with these validations, and bind it."""
    given = [{"expression": one} if isinstance(one, str) else one for one in validations]
    whole = {"matchConstraints": {"resourceRules": [ABOUT_MAPS]}, **({"validations": given} if given else {}), **spec}
    made = await api.post(POLICIES, {"metadata": {"name": name}, "spec": whole})
    assert made.code == 201, made.body
    bound = {"policyName": name, "validationActions": ["Deny"], **(binding or {})}
    made = await api.post(BINDINGS, {"metadata": {"name": name}, "spec": bound})
    assert made.code == 201, made.body


async def create(api: Caller, name: str = "one", labels: Json | None = None, **content: Any) -> Any:
    return await api.post(MAPS, {"metadata": {"name": name, "labels": labels or {}}, **content})


async def said(api: Caller, name: str = "one", **content: Any) -> str:
    """Why an object is refused, without the beginning that all refusals have; "" if it is not."""
    reply = await create(api, name, **content)
    return reply.message.removeprefix(f'configmaps "{name}" is forbidden: {PREFIX}') if reply.code != 201 else ""


async def test_what_breaks_a_policy_is_refused_from_its_next_write_on(api):
    await enforce(api, "object.metadata.name != 'one'")
    reply = await create(api)
    assert (reply.code, reply.body["reason"]) == (422, "Invalid")
    why = f"{PREFIX}failed expression: object.metadata.name != 'one'"
    assert reply.message == f'configmaps "one" is forbidden: {why}'
    assert reply.body["details"] == {"name": "one", "kind": "configmaps", "causes": [{"message": why}]}
    assert (await create(api, "two")).code == 201
    changed = [{"op": "replace", "path": "/spec/validations/0/expression", "value": "object.metadata.name != 'two'"}]
    assert (await api.patch(f"{POLICIES}/p", changed, "json-patch+json")).code == 200
    assert (await create(api)).code == 201
    assert (await api.patch(f"{MAPS}/two", {"data": {"a": "b"}})).code == 422
    assert (await api.delete(f"{BINDINGS}/p")).code == 200
    assert (await api.patch(f"{MAPS}/two", {"data": {"a": "b"}})).code == 200


async def test_a_policy_without_a_binding_holds_for_nobody(api):
    spec = {"matchConstraints": {"resourceRules": [ABOUT_MAPS]}, "validations": [{"expression": "false"}]}
    await api.post(POLICIES, {"metadata": {"name": "p"}, "spec": spec})
    assert (await create(api)).code == 201


@pytest.mark.parametrize(
    ("reason", "code"),
    [("Forbidden", 403), ("Unauthorized", 401), ("RequestEntityTooLarge", 413), ("Invalid", 422)],
)
async def test_a_validation_has_a_reason_of_its_own(api, reason, code):
    await enforce(api, {"expression": "false", "reason": reason})
    reply = await create(api)
    assert (reply.code, reply.body["reason"]) == (code, reason)


async def test_messages_are_made_by_expressions(api):
    made = "'%s has %d keys'.format([object.metadata.name, size(object.data)])"
    await enforce(
        api,
        {"expression": "size(object.data) < 2", "messageExpression": made, "message": "too many"},
        {"expression": "!('x' in object.data)", "message": " no x "},
    )
    assert await said(api, data={"a": "", "b": ""}) == "one has 2 keys"
    assert await said(api, data={"x": ""}) == "no x"


@pytest.mark.parametrize(
    "expression", ["string(object.data.none)", "'a\\nb'", "'  '", "'a'.replace('a', 'b') + object.nothing"]
)
async def test_a_message_that_cannot_be_made_gives_way_to_the_plain_one(api, expression):
    await enforce(api, {"expression": "false", "messageExpression": expression, "message": "plain"})
    assert await said(api) == "plain"


async def test_every_variable_is_there(api):
    await api.patch("/api/v1/namespaces/default", {"metadata": {"labels": {"team": "a"}}})
    for expression in (
        "object.data.k == 'new'",
        "oldObject.data.k == 'old'",
        "request.operation == 'UPDATE'",
        "request.name == 'one' && request.namespace == 'default' && request.resource.resource == 'configmaps'",
        "request.userInfo.username == 'admin' && 'system:masters' in request.userInfo.groups",
        "request.kind.kind == 'ConfigMap' && request.requestKind.version == 'v1' && !has(request.subResource)",
        "request.dryRun && request.options.kind == 'UpdateOptions'",
        "namespaceObject.metadata.labels.team == 'a' && namespaceObject.status.phase == 'Active'",
        "namespaceObject.metadata.creationTimestamp < timestamp('2999-01-01T00:00:00Z')",
        "authorizer.group('').resource('configmaps').namespace('default').check('delete').allowed()",
        "authorizer.requestResource.check('update').allowed()",
    ):
        await create(api, data={"k": "old"})
        await enforce(api, f"!({expression})")
        reply = await api.patch(f"{MAPS}/one", {"data": {"k": "new"}}, dryRun="All")
        assert reply.message.endswith(f"failed expression: !({expression})"), (expression, reply.message)
        await api.delete(f"{POLICIES}/p")
        await api.delete(f"{BINDINGS}/p")


async def test_variables_are_found_out_when_they_are_asked_for(api):
    await enforce(
        api,
        "variables.size < 2 || variables.excused",
        "object.metadata.name != 'two' || variables.broken == 1",
        "variables.nothing == null",
        variables=[
            {"name": "keys", "expression": "object.?data.orValue({})"},
            {"name": "size", "expression": "size(variables.keys)"},
            {
                "name": "excused",
                "expression": "has(object.metadata.annotations) && 'ok' in object.metadata.annotations",
            },
            {"name": "broken", "expression": "1 / (variables.size - variables.size)"},
            {"name": "nothing", "expression": "null"},
        ],
    )
    assert await said(api, data={"a": "", "b": ""}) == "failed expression: variables.size < 2 || variables.excused"
    assert await said(api) == ""
    broken = 'resulted in error: composited variable "broken" fails to evaluate: division by zero'
    assert broken in await said(api, "two")


async def test_match_conditions_say_whom_a_policy_concerns(api):
    conditions = [
        {"name": "not-ours", "expression": "request.userInfo.username != 'nobody'"},
        {"name": "named", "expression": "object.metadata.name.startsWith('o')"},
    ]
    await enforce(api, "false", matchConditions=conditions)
    assert (await create(api)).code == 422
    assert (await create(api, "two")).code == 201


async def test_an_error_refuses_unless_failures_are_ignored(api):
    await enforce(api, "object.data.none == ''")
    assert await said(api) == "expression 'object.data.none == ''' resulted in error: no such key: data"
    await api.patch(f"{POLICIES}/p", {"spec": {"failurePolicy": "Ignore"}})
    assert (await create(api)).code == 201


async def test_a_condition_without_a_result_refuses_unless_one_is_false(api):
    broken = {"name": "a", "expression": "object.data.none == ''"}
    await enforce(api, "true", matchConditions=[broken])
    assert await said(api) == "expression 'object.data.none == ''' resulted in error: no such key: data"
    conditions = [broken, {"name": "b", "expression": "false"}]
    assert (await api.patch(f"{POLICIES}/p", {"spec": {"matchConditions": conditions}})).code == 200
    assert (await create(api)).code == 201


LOOP = "[1,2,3,4,5,6,7,8,9,10]"
NESTED = f"{LOOP}.all(a, {LOOP}.all(b, {LOOP}.all(c, {LOOP}.all(d, {LOOP}.all(e, {LOOP}.all(f, a + b + c < 99))))))"


async def test_an_expression_without_end_is_stopped(api):
    await enforce(api, NESTED)
    assert (await said(api)).endswith("resulted in error: operation cancelled: actual cost limit exceeded")


async def test_all_expressions_of_a_policy_share_a_budget(api, monkeypatch):
    await enforce(api, *(["[1, 2, 3].all(a, object.metadata.name != '')"] * 40))
    assert (await create(api)).code == 201
    monkeypatch.setattr(evaluation, "BUDGET", 100)
    spent = "validation failed due to running out of cost budget, no further validation rules will be run"
    assert await said(api, "two") == spent


@pytest.mark.parametrize(
    ("constraints", "concerned"),
    [
        ({}, True),
        ({"objectSelector": {"matchLabels": {"l": "1"}}}, True),
        ({"objectSelector": {"matchLabels": {"l": "2"}}}, False),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}, True),
        ({"namespaceSelector": {"matchExpressions": [{"key": "none", "operator": "Exists"}]}}, False),
        ({"excludeResourceRules": [ABOUT_MAPS]}, False),
        ({"excludeResourceRules": [ABOUT_MAPS | {"resourceNames": ["two"]}]}, True),
        ({"resourceRules": [ABOUT_MAPS | {"resourceNames": ["one"]}]}, True),
        ({"resourceRules": [ABOUT_MAPS | {"resourceNames": ["two"]}]}, False),
        ({"resourceRules": [ABOUT_MAPS | {"operations": ["UPDATE"]}]}, False),
        ({"resourceRules": [ABOUT_MAPS | {"resources": ["secrets", "configmaps"]}]}, True),
        ({"resourceRules": [ABOUT_MAPS | {"scope": "Cluster"}]}, False),
    ],
)
@pytest.mark.parametrize("of_binding", [False, True])
async def test_policies_and_bindings_choose_what_they_concern(api, constraints, concerned, of_binding):
    whole = {"resourceRules": [ABOUT_MAPS], **constraints}
    await enforce(
        api,
        "false",
        matchConstraints={"resourceRules": [ABOUT_MAPS]} if of_binding else whole,
        binding={"matchResources": whole} if of_binding else None,
    )
    assert (await create(api, labels={"l": "1"})).code == (422 if concerned else 201)


async def test_a_policy_sees_deletions(api):
    await create(api)
    await enforce(api, "request.operation != 'DELETE' || object == null && oldObject.metadata.name != 'one'")
    assert (await api.delete(f"{MAPS}/one")).code == 422
    assert (await api.get(f"{MAPS}/one")).code == 200


async def test_a_policy_that_refuses_everything_can_be_taken_away(api):
    everything = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
    await enforce(api, "false", matchConstraints={"resourceRules": [everything]})
    assert (await create(api)).code == 422
    assert (await api.delete(f"{BINDINGS}/p")).code == 200
    assert (await create(api)).code == 201


async def test_an_object_of_another_version_is_seen_in_the_version_of_the_rule(api):
    events = {"operations": ["*"], "apiGroups": ["events.k8s.io"], "apiVersions": ["v1"], "resources": ["events"]}
    await enforce(api, "request.kind.group == '' || object.note != 'no'", matchConstraints={"resourceRules": [events]})
    event = {
        "metadata": {"name": "e", "namespace": "default"},
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "a"},
        "message": "no",
    }
    reply = await api.post("/api/v1/namespaces/default/events", event)
    assert reply.code == 422
    exact = {"resourceRules": [events], "matchPolicy": "Exact"}
    assert (await api.patch(f"{POLICIES}/p", {"spec": {"matchConstraints": exact}})).code == 200
    assert (await api.post("/api/v1/namespaces/default/events", event)).code == 201


async def test_custom_resources_have_policies_too(api):
    await api.define(definition())
    widgets = {"operations": ["*"], "apiGroups": ["example.com"], "apiVersions": ["v1"], "resources": ["widgets"]}
    await enforce(api, "object.spec.size <= params.most", paramKind={"apiVersion": "example.com/v1", "kind": "Widget"},
                  matchConstraints={"resourceRules": [widgets | {"operations": ["CREATE"]}]},
                  binding={"paramRef": {"name": "bound", "parameterNotFoundAction": "Allow"}})  # fmt: skip
    assert (await api.post(WIDGETS, widget("bound", most=3))).code == 201
    assert (await api.post(WIDGETS, widget("a", spec={"size": 3}))).code == 201
    assert (await api.post(WIDGETS, widget("b", spec={"size": 4}))).code == 422


WITH_PARAMS: Json = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}, "matchConditions": [
    {"name": "no-params", "expression": "!has(object.metadata.labels) || !('limit' in object.metadata.labels)"}
]}  # fmt: skip


def limits(**reference: Any) -> Json:
    return {"paramRef": {"parameterNotFoundAction": "Deny", **reference}}


async def test_a_binding_names_its_parameter(api):
    body = "size(object.data) <= int(params.data.most)"
    await enforce(api, body, **WITH_PARAMS, binding=limits(name="limit"))
    nothing = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    assert await said(api, data={"a": ""}) == nothing
    await api.patch(f"{BINDINGS}/p", {"spec": {"paramRef": {"parameterNotFoundAction": "Allow"}}})
    assert (await create(api, "limit", {"limit": ""}, data={"most": "1"})).code == 201
    assert await said(api, data={"a": ""}) == ""
    assert await said(api, "two", data={"a": "", "b": ""}) == f"failed expression: {body}"


async def test_a_selector_asks_with_each_parameter(api):
    for name, most in (("l3", "3"), ("l1", "1")):
        await create(api, name, {"limit": "yes"}, data={"most": most})
    chosen = limits(selector={"matchLabels": {"limit": "yes"}})
    message = {
        "expression": "size(object.data) <= int(params.data.most)",
        "messageExpression": "string(params.metadata.name)",
    }
    await enforce(api, message, **WITH_PARAMS, binding=chosen)
    assert await said(api, data={"a": ""}) == ""
    assert await said(api, "two", data={"a": "", "b": ""}) == "l1"


async def test_parameters_of_another_namespace(api):
    await api.post("/api/v1/namespaces", {"metadata": {"name": "rules"}})
    limit = {"metadata": {"name": "limit"}, "data": {"most": "0"}}
    assert (await api.post("/api/v1/namespaces/rules/configmaps", limit)).code == 201
    body = "request.namespace == 'rules' || size(object.data) <= int(params.data.most)"
    await enforce(api, body, **WITH_PARAMS, binding=limits(name="limit", namespace="rules"))
    assert await said(api, data={"a": ""}) == f"failed expression: {body}"


async def test_without_a_reference_there_are_no_parameters(api):
    await enforce(api, "params == null", paramKind=WITH_PARAMS["paramKind"])
    assert (await create(api)).code == 201


async def test_a_policy_whose_parameters_are_of_an_unknown_kind_refuses(api):
    await enforce(api, "true", paramKind={"apiVersion": "nothing.example/v1", "kind": "Nothing"})
    reply = await create(api)
    unknown = "failed to find resource referenced by paramKind: 'nothing.example/v1, Kind=Nothing'"
    assert reply.message.endswith(
        f"ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: {unknown}"
    )


async def test_objects_of_the_cluster_need_a_namespace_for_their_parameters(api):
    nodes = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["nodes"]}
    spec = {"paramKind": WITH_PARAMS["paramKind"], "matchConstraints": {"resourceRules": [nodes]}}
    await enforce(api, "true", binding=limits(name="limit"), **spec)
    reply = await api.post("/api/v1/nodes", {"metadata": {"name": "n"}})
    assert reply.message.endswith(
        "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
    )


async def test_a_binding_may_warn_instead(api):
    await enforce(api, {"expression": "false", "message": "not like that"}, binding={"validationActions": ["Warn"]})
    reply = await create(api)
    assert reply.code == 201
    assert reply.warnings == ["Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p': not like that"]


async def test_the_first_refusal_is_heard(api):
    await enforce(api, {"expression": "false", "message": "second"}, name="q")
    await enforce(api, {"expression": "false", "message": "first"})
    assert await said(api) == "first"


async def test_types_are_checked_by_the_schemas_of_what_is_matched(api):
    deployments = {"operations": ["*"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
    await enforce(api, "object.replicas > 1",
                  {"expression": "object.spec.replicas > 1", "messageExpression": "string(object.spec.nope)"},
                  "object.metadata.labels.all(k, k != '') && object.spec.template.spec.containers[0].name != ''",
                  matchConstraints={"resourceRules": [deployments]})  # fmt: skip
    status = (await api.get(f"{POLICIES}/p")).body["status"]
    assert status["observedGeneration"] == 1
    first, second = status["typeChecking"]["expressionWarnings"]
    assert first["fieldRef"] == "spec.validations[0].expression"
    assert first["warning"] == (
        "apps/v1, Kind=Deployment: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n"
    )
    assert second["fieldRef"] == "spec.validations[1].messageExpression"
    mended = [{"op": "replace", "path": "/spec/validations", "value": [{"expression": "object.spec.replicas > 1"}]}]
    status = (await api.patch(f"{POLICIES}/p", mended, "json-patch+json")).body["status"]
    assert status == {"observedGeneration": 2, "typeChecking": {}}


async def test_types_of_custom_resources_and_of_parameters_are_checked(api):
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}}
    await api.define(definition(versions=[version("v1", schema)]))
    widgets = {"operations": ["*"], "apiGroups": ["example.com"], "apiVersions": ["v1"], "resources": ["widgets"]}
    await enforce(api, "object.spec.size < 3 && object.metadata.labels == {}", "object.spec.width < 3",
                  "params.dat == {}",
                  paramKind=WITH_PARAMS["paramKind"], matchConstraints={"resourceRules": [widgets]})  # fmt: skip
    status = (await api.get(f"{POLICIES}/p")).body["status"]
    found = {one["fieldRef"]: one["warning"] for one in status["typeChecking"]["expressionWarnings"]}
    assert list(found) == ["spec.validations[1].expression", "spec.validations[2].expression"]
    assert (
        "example.com/v1, Kind=Widget: ERROR: <input>:1:12: undefined field 'width'"
        in found["spec.validations[1].expression"]
    )


async def test_a_policy_has_a_status_of_its_own(api):
    await enforce(api, "true")
    condition = {
        "type": "A",
        "status": "True",
        "reason": "B",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    path = f"{POLICIES}/p/status"
    assert (await api.patch(path, {"status": {"conditions": [condition]}})).code == 200
    assert (await api.patch(f"{POLICIES}/p", {"spec": {"failurePolicy": "Ignore"}})).code == 200
    status = (await api.get(path)).body["status"]
    assert (status["conditions"], status["observedGeneration"]) == ([condition], 2)
    warning = {"status": {"typeChecking": {"expressionWarnings": [{"fieldRef": "spec", "warning": ""}]}}}
    assert (await api.patch(path, warning)).code == 422


async def test_tables_show_what_matters(api):
    await enforce(api, "true", "true", **WITH_PARAMS, binding=limits(name="limit"))
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    [row] = (await api("GET", POLICIES, accept=table)).body["rows"]
    assert row["cells"][:3] == ["p", 2, "v1/ConfigMap"]
    [row] = (await api("GET", BINDINGS, accept=table)).body["rows"]
    assert row["cells"][:3] == ["p", "p", "*/limit"]


class Nobody:
    """An authorizer that says no, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Attributes] = []

    async def authorize(self, _: User, asked: Attributes) -> Decision:
        self.asked.append(asked)
        return Decision(False)


@pytest.fixture
async def view(api: Caller) -> View:
    server: Any = api.api._server
    return View(server.storage, server.catalogue, server.settings, Nobody(), True)  # pyright: ignore


def change(view: View, resource: str, new: Json, **more: Any) -> Change:
    found = view.catalogue.get("admissionregistration.k8s.io", "v1", resource)
    return Change("CREATE", found, "", "p", "", new, None, User("jane", ["devs"]), **more)


async def test_who_makes_a_policy_must_be_allowed_to_read_its_parameters(api, view):
    policy = {"metadata": {"name": "p"}, "spec": {"paramKind": WITH_PARAMS["paramKind"]}}
    with pytest.raises(
        Exception, match=r'user &\{jane  \[devs\] map\[\]\} must have "get" permission on all objects of'
    ):
        await permissions.parameters(change(view, "validatingadmissionpolicies", policy), view)
    nobody: Any = view.authorizer
    assert nobody.asked == [Attributes("get", "", "v1", "configmaps", "", "*", "*")]
    binding = {"metadata": {"name": "p"}, "spec": {"policyName": "p", "paramRef": {"name": "x", "namespace": "n"}}}
    bound = change(view, "validatingadmissionpolicybindings", binding)
    with pytest.raises(Exception, match="unable to get policy p to determine minimum required permissions"):
        await permissions.parameters(bound, view)
    await api.post(POLICIES, policy | {"spec": policy["spec"] | {
        "matchConstraints": {"resourceRules": [ABOUT_MAPS]}, "validations": [{"expression": "true"}]}})  # fmt: skip
    with pytest.raises(Exception, match='does not have "get" permission on the object referenced by paramRef'):
        await permissions.parameters(bound, view)
    assert nobody.asked[-1] == Attributes("get", "", "v1", "configmaps", "", "n", "x")


async def test_an_audit_event_says_what_policies_found(api, view):
    annotation = {"key": "kind", "valueExpression": "'is ' + object.kind"}
    nothing = {"key": "nothing", "valueExpression": "null"}
    await enforce(api, {"expression": "false", "message": "no"}, auditAnnotations=[annotation, nothing],
                  binding={"validationActions": ["Audit"]})  # fmt: skip
    maps = view.catalogue.get("", "v1", "configmaps")
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one", "namespace": "default"}}
    asked = Change("CREATE", maps, "default", "one", "", item, None, User("jane"))
    await validating(asked, view)
    assert asked.annotations == {
        "p/kind": "is ConfigMap",
        "validation.policy.admission.k8s.io/validation_failure": '[{"message":"no","policy":"p","binding":"p",'
        '"expressionIndex":0,"validationActions":["Audit"]}]',
    }


async def test_an_annotation_without_a_result_refuses(api):
    await enforce(api, auditAnnotations=[{"key": "k", "valueExpression": "string(object.none)"}],
                  binding={"validationActions": ["Audit"]})  # fmt: skip
    assert await said(api) == "expression 'string(object.none)' resulted in error: no such key: none"
