"""The Pod Security Standards: what each level refuses, in upstream's words, and what labels of a namespace mean."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from apiserver.caller import Caller, calling
from podvisor.apiserver.podsecurity import checks, levels, plugin
from podvisor.apiserver.podsecurity.levels import LATEST, Exemptions, Standard, Standards
from podvisor.apiserver.podsecurity.words import Pod

Json = dict[str, Any]
GOOD: Json = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
UNCONFINED = {"type": "Unconfined"}
PODS = "/api/v1/namespaces/ours/pods"


def refused(level: str, minor: int = LATEST, annotations: Json | None = None, **spec: Any) -> str:
    whole = {"containers": [{"name": "a", "securityContext": GOOD}], **spec}
    standard: Any = Standard(level, minor)  # pyright: ignore[reportArgumentType]
    return checks.said(checks.refusals(standard, Pod({"annotations": annotations or {}}, whole)))


def security(**context: Any) -> Json:
    return {"containers": [{"name": "a", "securityContext": GOOD | context}]}


def host_port(*ports: int) -> Json:
    return {"name": "a", "securityContext": GOOD, "ports": [{"containerPort": 1, "hostPort": port} for port in ports]}


BASELINE = [
    ({"hostNetwork": True, "hostPID": True, "hostIPC": True},
        "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)"),
    ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, 'hostPath volumes (volume "v")'),
    ({"containers": [host_port(80, 70)]}, 'hostPort (container "a" uses hostPorts 70, 80)'),
    (security(privileged=True), 'privileged (container "a" must not set securityContext.privileged=true)'),
    (security(procMount="Unmasked"), 'procMount (container "a" must not set securityContext.procMount to "Unmasked")'),
    (security(capabilities={"add": ["NET_RAW", "CHOWN"]}),
        'non-default capabilities (container "a" must not include "NET_RAW" in securityContext.capabilities.add)'),
    (security(appArmorProfile=UNCONFINED) | {"securityContext": {"appArmorProfile": UNCONFINED}},
        'forbidden AppArmor profile (pod and container "a" must not set AppArmor profile type to "Unconfined")'),
    (security(seLinuxOptions={"type": "x", "user": "u", "role": "r"}),
        'seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "x"; user may not be set; '
        "role may not be set)"),
    (security(seccompProfile={"type": "Unconfined"}),
        'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")'),
    ({"securityContext": {"sysctls": [{"name": "kernel.x"}, {"name": "net.ipv4.tcp_rmem"}]}},
        "forbidden sysctls (kernel.x)"),
    ({"securityContext": {"windowsOptions": {"hostProcess": True}}},
        "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)"),
]  # fmt: skip
RESTRICTED = [
    (security(allowPrivilegeEscalation=None), 'allowPrivilegeEscalation != false (container "a" must set '
        "securityContext.allowPrivilegeEscalation=false)"),
    (security(capabilities={"add": ["CHOWN"]}), 'unrestricted capabilities (container "a" must set '
        'securityContext.capabilities.drop=["ALL"]; container "a" must not include "CHOWN" in '
        "securityContext.capabilities.add)"),
    ({"volumes": [{"name": "v", "nfs": {}}, {"name": "w", "hostPath": {"path": "/"}}, {"name": "x", "emptyDir": {}}]},
        'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")'),
    (security(runAsNonRoot=None),
        'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)'),
    (security(runAsNonRoot=False) | {"securityContext": {"runAsNonRoot": True}},
        'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)'),
    (security(runAsUser=0), 'runAsUser=0 (container "a" must not set runAsUser=0)'),
    (security(seccompProfile=None),
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to '
        '"RuntimeDefault" or "Localhost")'),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "why"), BASELINE)
def test_baseline_refuses(spec, why):
    assert refused("baseline", **spec) == why
    assert refused("privileged", **spec) == ""


@pytest.mark.parametrize(("spec", "why"), RESTRICTED)
def test_restricted_refuses_more(spec, why):
    assert refused("restricted", **spec) == why


@pytest.mark.parametrize("level", levels.LEVELS)
def test_a_careful_pod_is_allowed_everywhere(level):
    assert refused(level) == ""


def test_containers_of_all_kinds_are_looked_at():
    bad = {"securityContext": {"privileged": True}}
    spec = {kind: [{"name": kind, **bad}] for kind in ("initContainers", "containers", "ephemeralContainers")}
    assert 'containers "initContainers", "containers", "ephemeralContainers" must not' in refused("baseline", **spec)


def test_versions_have_their_own_checks():
    unsafe = {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_keepalive_time"}]}}
    assert refused("baseline", 28, **unsafe) == "forbidden sysctls (net.ipv4.tcp_keepalive_time)"
    assert refused("baseline", 29, **unsafe) == ""
    root = security(runAsUser=0)
    assert (refused("restricted", 22, **root), bool(refused("restricted", 23, **root))) == ("", True)
    windows = {"os": {"name": "windows"}, "containers": [{"name": "a", "securityContext": {"runAsNonRoot": True}}]}
    assert refused("restricted", **windows) == ""
    assert "allowPrivilegeEscalation != false" in refused("restricted", 24, **windows)
    annotation = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    assert refused("baseline", 18, annotation).startswith("seccompProfile (forbidden annotation seccomp")
    assert refused("baseline", 19, annotation) == ""
    armor = {"container.apparmor.security.beta.kubernetes.io/a": "unconfined"}
    assert 'annotation must not set AppArmor profile type to "container.apparmor' in refused(
        "baseline", annotations=armor
    )


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "privileged:latest privileged:latest privileged:latest"),
        ({"enforce": "baseline", "enforce-version": "v1.20"}, "baseline:v1.20 privileged:latest baseline:v1.20"),
        ({"enforce": "baseline", "warn-version": "v1.21"}, "baseline:latest privileged:latest baseline:v1.21"),
        ({"enforce": "baseline", "warn": "privileged"}, "baseline:latest privileged:latest privileged:latest"),
        ({"warn": "restricted", "audit": "baseline"}, "privileged:latest baseline:latest restricted:latest"),
        ({"enforce": "all", "audit": "all", "warn": "all"}, "restricted:latest privileged:latest privileged:latest"),
    ],
)
def test_labels_say_what_holds(given, wanted):
    labels = {f"pod-security.kubernetes.io/{name}": value for name, value in given.items()}
    found, _ = levels.of_labels(labels, Standards())
    assert f"{found.enforce} {found.audit} {found.warn}" == wanted


@pytest.fixture
async def api() -> AsyncGenerator[Caller]:
    async with calling() as api:
        yield api


def namespace(**labels: str) -> Json:
    named = {f"pod-security.kubernetes.io/{name.replace('_', '-')}": value for name, value in labels.items()}
    return {"metadata": {"name": "ours", "labels": named}}


async def ours(api: Caller, **labels: str) -> None:
    assert (await api.post("/api/v1/namespaces", namespace(**labels))).code == 201
    assert (await api.post("/api/v1/namespaces/ours/serviceaccounts", {"metadata": {"name": "default"}})).code == 201


def pod(name: str = "p", **context: Any) -> Json:
    container = {"name": "a", "image": "a", "securityContext": context}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


async def test_a_pod_is_refused_in_upstreams_words(api):
    await ours(api, enforce="baseline", enforce_version="v1.30")
    reply = await api.post(PODS, pod(privileged=True))
    assert (reply.code, reply.body["reason"]) == (403, "Forbidden")
    why = 'privileged (container "a" must not set securityContext.privileged=true)'
    assert reply.message == f'pods "p" is forbidden: violates PodSecurity "baseline:v1.30": {why}'
    assert (await api.post(PODS, pod())).code == 201


async def test_warnings_do_not_refuse(api):
    await ours(api, warn="restricted")
    reply = await api.post(PODS, pod(**GOOD, runAsUser=0))
    why = 'runAsUser=0 (container \\"a\\" must not set runAsUser=0)'
    assert (reply.code, reply.warnings) == (201, [f'would violate PodSecurity \\"restricted:latest\\": {why}'])


async def test_what_makes_pods_is_only_warned_of(api):
    await ours(api, enforce="baseline")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": pod(privileged=True)["spec"]}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
    reply = await api.post("/apis/apps/v1/namespaces/ours/deployments", {"metadata": {"name": "d"}, "spec": spec})
    assert reply.code == 201
    assert reply.warnings[0].startswith('would violate PodSecurity \\"baseline:latest\\": privileged (container')


async def test_a_change_that_leaves_images_alone_is_let_pass(api):
    await ours(api)
    await api.post(PODS, pod(privileged=True))
    assert (await api.patch("/api/v1/namespaces/ours", namespace(enforce="baseline"))).code == 200
    assert (await api.patch(f"{PODS}/p", {"metadata": {"labels": {"a": "b"}}})).code == 200
    changed = [{"op": "replace", "path": "/spec/containers/0/image", "value": "b"}]
    assert (await api.patch(f"{PODS}/p", changed, "json-patch+json")).code == 403
    assert (await api.patch(f"{PODS}/p/status", {"status": {"phase": "Running"}})).code == 200


async def test_labels_that_say_nothing_are_refused(api):
    reply = await api.post("/api/v1/namespaces", namespace(enforce="all", warn_version="1.20"))
    assert reply.code == 422
    assert [cause["field"] for cause in reply.body["details"]["causes"]] == [
        "metadata.labels[pod-security.kubernetes.io/enforce]",
        "metadata.labels[pod-security.kubernetes.io/warn-version]",
    ]
    assert "must be one of privileged, baseline, restricted" in reply.message
    assert 'must be "latest" or "v1.x"' in reply.message


async def test_a_stricter_level_warns_of_the_pods_that_are_there(api):
    await ours(api)
    for name in "cba":
        await api.post(PODS, pod(name, privileged=True))
    await api.post(PODS, pod("net") | {"spec": pod()["spec"] | {"hostNetwork": True}})
    reply = await api.patch("/api/v1/namespaces/ours", namespace(enforce="baseline"))
    assert (reply.code, reply.warnings) == (
        200,
        [
            'existing pods in namespace \\"ours\\" violate the new PodSecurity enforce level \\"baseline:latest\\"',
            "a (and 2 other pods): privileged",
            "net: host namespaces",
        ],
    )
    assert (await api.patch("/api/v1/namespaces/ours", namespace(enforce="privileged"))).warnings == []


def test_of_many_pods_one_of_each_controller_comes_first():
    def owned(name: str, owner: str) -> Json:
        owners = [{"uid": owner, "controller": True}] if owner else []
        return {"metadata": {"name": name, "ownerReferences": owners}, "spec": {"hostPID": True}}

    pods = [owned(f"p{index:04}", "x") for index in range(3001)] + [owned("last", "y")]
    said = plugin.existing("n", Standard("baseline"), pods)
    assert said[0] == "new PodSecurity enforce level only checked against the first 3000 of 3002 existing pods"
    assert said[2] == "last (and 2999 other pods): host namespaces"


@pytest.mark.parametrize(
    "exempt",
    [
        Exemptions(usernames=frozenset({"admin"})),
        Exemptions(namespaces=frozenset({"ours"})),
        Exemptions(runtime_classes=frozenset({"trusted"})),
    ],
)
async def test_some_are_exempt(api, exempt):
    await ours(api, enforce="restricted")
    runtime = {"metadata": {"name": "trusted"}, "handler": "trusted"}
    assert (await api.post("/apis/node.k8s.io/v1/runtimeclasses", runtime)).code == 201
    asked = pod(privileged=True)
    asked["spec"]["runtimeClassName"] = "trusted"
    assert (await api.post(PODS, asked)).code == 403
    server: Any = api.api._server  # pyright: ignore[reportPrivateUsage]
    server.settings = replace(server.settings, pod_security_exemptions=exempt)
    assert (await api.post(PODS, asked)).code == 201


async def test_an_exempt_namespace_is_told_that_its_labels_are_for_nothing(api):
    server: Any = api.api._server  # pyright: ignore[reportPrivateUsage]
    server.settings = replace(server.settings, pod_security_exemptions=Exemptions(namespaces=frozenset({"ours"})))
    reply = await api.post("/api/v1/namespaces", namespace(enforce="baseline", warn="restricted"))
    policy = "(enforce=baseline:latest, warn=restricted:latest)"
    assert reply.warnings == [
        f'namespace \\"ours\\" is exempt from Pod Security, and the policy {policy} will be ignored'
    ]


async def test_a_cluster_may_have_defaults_of_its_own(api):
    server: Any = api.api._server  # pyright: ignore[reportPrivateUsage]
    server.settings = replace(server.settings, pod_security=Standards(enforce=Standard("baseline")))
    await ours(api)
    assert (await api.post(PODS, pod(privileged=True))).code == 403
