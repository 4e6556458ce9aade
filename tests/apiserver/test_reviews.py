"""Questions about access, and acting as somebody else."""

from typing import Any

import aiohttp
import pytest

from apiserver import authority
from apiserver.conftest import Api

ACCESS = "/apis/authorization.k8s.io/v1"
MINE = f"{ACCESS}/selfsubjectaccessreviews"
PODS = "/api/v1/namespaces/default/pods"
QUESTION = {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}}


@pytest.fixture
async def guest(address: str, ca: authority.Authority, tmp_path):
    """A client that nobody has allowed anything."""
    context = ca.client_context(tmp_path, "guest", "visitors")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield Api(session, address)


async def test_everybody_may_ask_what_he_may(api: Api, guest: Api) -> None:
    answer = await api.post(MINE, QUESTION)
    assert (answer.code, answer.body["status"]) == (201, {"allowed": True})
    answer = await guest.post(MINE, QUESTION)
    assert (answer.code, answer.body["status"]["allowed"]) == (201, False)
    rules = f"{ACCESS}/selfsubjectrulesreviews"
    found = (await guest.post(rules, {"spec": {"namespace": "default"}})).body["status"]["resourceRules"]
    assert {name for rule in found for name in rule["resources"]} == {
        *("selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews")
    }
    assert (await guest.post(rules, {"spec": {}})).message == "no namespace on request"
    named = (await guest.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})).body["status"]["userInfo"]
    assert named == {"username": "guest", "groups": ["visitors", "system:authenticated"]}


async def test_only_some_may_ask_about_others(api: Api, guest: Api) -> None:
    about = {"spec": QUESTION["spec"] | {"user": "guest", "groups": ["system:masters"]}}
    assert (await api.post(f"{ACCESS}/subjectaccessreviews", about)).body["status"] == {"allowed": True}
    assert (await guest.post(f"{ACCESS}/subjectaccessreviews", about)).code == 403


REVIEW = "/apis/authentication.k8s.io/v1/tokenreviews"


async def test_a_token_can_be_reviewed(api: Api, guest: Api) -> None:
    answer = await api.post(REVIEW, {"spec": {"token": "good"}})
    user = {"username": "bearer", "uid": "u1", "groups": ["system:masters", "system:authenticated"]}
    assert (answer.code, answer.body["status"]) == (
        201,
        {"authenticated": True, "user": user, "audiences": ["https://api"]},
    )
    meant = (await api.post(REVIEW, {"spec": {"token": "good", "audiences": ["mine"]}})).body["status"]
    assert meant["audiences"] == ["mine"]
    for spec in ({"token": "bad"}, {"token": "good", "audiences": ["others"]}):
        status = (await api.post(REVIEW, {"spec": spec})).body["status"]
        assert status == {"user": {}, "error": "invalid bearer token"}
    status = (await api.post(REVIEW, {"spec": {"token": "old"}})).body["status"]
    assert status == {"user": {}, "error": "[invalid bearer token, it has expired]"}
    assert (await api.post(REVIEW, {"spec": {}})).message == "token is required for TokenReview in authentication"
    assert (await guest.post(REVIEW, {"spec": {"token": "good"}})).code == 403


async def test_a_review_is_no_table(api: Api) -> None:
    table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    refused = await api("POST", MINE, QUESTION, Accept=table)
    assert (refused.code, refused.body["reason"]) == (406, "NotAcceptable")
    assert (await api("POST", MINE, QUESTION, Accept=f"{table},application/json")).body["kind"] == (
        "SelfSubjectAccessReview"
    )


async def test_a_question_must_be_about_one_thing(api: Api) -> None:
    refused = await api.post(MINE, {"spec": {}})
    assert refused.code == 422
    assert "exactly one of nonResourceAttributes or resourceAttributes must be specified" in refused.message
    assert (await api.get(MINE)).code == 405


async def test_nothing_of_a_question_is_kept(api: Api) -> None:
    before = (await api.get(PODS)).body["metadata"]["resourceVersion"]
    await api.post(MINE, QUESTION)
    assert (await api.get(PODS)).body["metadata"]["resourceVersion"] == before


async def test_one_may_act_as_somebody_with_less(api: Api) -> None:
    refused = await api.get(PODS, Impersonate_User="guest")
    assert (refused.code, 'User "guest" cannot list' in refused.message) == (403, True)
    assert (await api.get(PODS, Impersonate_User="guest", Impersonate_Group="system:masters")).code == 200
    account = {"Impersonate_User": "system:serviceaccount:team:robot"}
    review = await api("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, **account)
    groups = review.body["status"]["userInfo"]["groups"]
    assert groups == ["system:serviceaccounts", "system:serviceaccounts:team", "system:authenticated"]


async def test_one_may_not_act_as_somebody_with_more(guest: Api) -> None:
    refused = await guest.get(PODS, Impersonate_User="admin", Impersonate_Group="system:masters")
    assert (refused.code, refused.message) == (
        403,
        'users "admin" is forbidden: User "guest" cannot impersonate resource "users" in API group "" '
        "at the cluster scope",
    )


async def test_a_group_without_a_user_is_refused(api: Api) -> None:
    assert (await api.get(PODS, Impersonate_Group="system:masters")).code == 400


async def who(api: Api, **headers: str) -> Any:
    review = await api("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, **headers)
    return review.body["status"]["userInfo"]


async def test_one_may_act_as_somebody_with_uid_and_extra(api: Api) -> None:
    headers = {"Impersonate_User": "guest", "Impersonate_Uid": "u-7", "Impersonate_Extra_example.com%2fTeam": "a"}
    assert await who(api, **headers) == {
        "username": "guest",
        "uid": "u-7",
        "groups": ["system:authenticated"],
        "extra": {"example.com/team": ["a"]},
    }


async def test_groups_say_whether_one_is_somebody(api: Api) -> None:
    nobody = await who(api, Impersonate_User="guest", Impersonate_Group="system:authenticated")
    assert nobody["groups"] == ["system:authenticated"]
    refused = await api.get(PODS, Impersonate_User="guest", Impersonate_Group="system:unauthenticated")
    assert refused.code == 403
    assert (await api.get("/apis", Impersonate_User="guest", Impersonate_Group="system:unauthenticated")).code == 403
    assert (await api.get("/apis", Impersonate_User="system:anonymous")).code == 403
    assert (await api.get("/version", Impersonate_User="system:anonymous")).code == 200


@pytest.mark.parametrize(
    ("headers", "needed"),
    [
        ({"Impersonate_Uid": "u"}, 'resource "uids" in API group "authentication.k8s.io"'),
        ({"Impersonate_Extra_scopes": "all"}, 'resource "userextras/scopes" in API group "authentication.k8s.io"'),
        ({"Impersonate_Group": "system:masters"}, 'resource "groups" in API group ""'),
    ],
    ids=str,
)
async def test_each_part_of_another_needs_a_right_of_its_own(
    api: Api, guest: Api, headers: dict[str, str], needed: str
) -> None:
    await allow(api, {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"]})
    assert (await guest.get("/apis", Impersonate_User="jane")).code == 200
    refused = await guest.get("/apis", Impersonate_User="jane", **headers)
    assert (refused.code, needed in refused.message) == (403, True)


async def test_who_may_act_as_accounts_may_not_act_as_users_with_similar_names(api: Api, guest: Api) -> None:
    await allow(api, {"verbs": ["impersonate"], "apiGroups": [""], "resources": ["serviceaccounts"]})
    assert (await guest.get("/apis", Impersonate_User="system:serviceaccount:team:robot")).code == 200
    for name in ("team:robot:x", "team", "team:", ":robot", "Team:robot", "te/am:robot"):
        refused = await guest.get("/apis", Impersonate_User=f"system:serviceaccount:{name}")
        assert (refused.code, 'cannot impersonate resource "users"' in refused.message) == (403, True), name


async def allow(api: Api, rule: Any) -> None:
    """Give all visitors what a rule says."""
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    assert (await api.post(f"{rbac}/clusterroles", {"metadata": {"name": "some"}, "rules": [rule]})).code == 201
    ref = {"kind": "ClusterRole", "name": "some", "apiGroup": "rbac.authorization.k8s.io"}
    subjects = [{"kind": "Group", "name": "visitors", "apiGroup": "rbac.authorization.k8s.io"}]
    binding = {"metadata": {"name": "some"}, "roleRef": ref, "subjects": subjects}
    assert (await api.post(f"{rbac}/clusterrolebindings", binding)).code == 201
