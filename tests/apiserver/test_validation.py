"""Defaults and refusals, in Kubernetes' words and with the field's path."""

import asyncio
from typing import Any

import pytest

from apiserver.conftest import Api
from apiserver.samples import DEPLOYMENTS, JOBS, MAPS, PODS, SERVICES, deployment, job, pod, pod_spec, service


@pytest.fixture(autouse=True)
async def account(api: Api) -> None:
    await api.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})


def causes(body: Any) -> dict[str, str]:
    return {cause["field"]: cause["message"] for cause in reversed(body["details"]["causes"])}


async def test_pods_get_their_defaults(api: Api) -> None:
    probe = {"httpGet": {"port": 80}}
    container = {"name": "main", "image": "nginx", "ports": [{"containerPort": 80}], "livenessProbe": probe}
    container["resources"] = {"limits": {"cpu": "1", "memory": "64Mi"}}
    made = (await api.post(PODS, pod(containers=[container], volumes=[{"name": "v"}]))).body
    spec, found = made["spec"], made["spec"]["containers"][0]
    assert (spec["restartPolicy"], spec["dnsPolicy"], spec["schedulerName"]) == (
        "Always",
        "ClusterFirst",
        "default-scheduler",
    )
    assert (spec["terminationGracePeriodSeconds"], spec["priority"], spec["enableServiceLinks"]) == (30, 0, True)
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    assert [one["key"] for one in spec["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]
    assert spec["volumes"] == [{"name": "v", "emptyDir": {}}]
    assert (found["imagePullPolicy"], found["terminationMessagePath"]) == ("Always", "/dev/termination-log")
    assert found["ports"][0]["protocol"] == "TCP"
    assert found["resources"]["requests"] == {"cpu": "1", "memory": "64Mi"}
    assert found["livenessProbe"]["httpGet"] == {"port": 80, "path": "/", "scheme": "HTTP"}
    assert found["livenessProbe"]["periodSeconds"] == 10
    assert made["status"] == {"phase": "Pending", "qosClass": "Guaranteed"}


WRONG_PODS: list[tuple[dict[str, Any], str, str]] = [
    ({"containers": []}, "spec.containers", "Required value"),
    ({"containers": [{"image": "x"}]}, "spec.containers[0].name", "Required value"),
    (
        {"containers": [{"name": "A", "image": "x"}]},
        "spec.containers[0].name",
        'Invalid value: "A": a lowercase RFC 1123 label',
    ),
    ({"containers": [{"name": "a"}]}, "spec.containers[0].image", "Required value"),
    (
        {"topologySpreadConstraints": [{"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}]},
        "spec.topologySpreadConstraints[0].topologyKey",
        "Required value: can not be empty",
    ),
    (
        {"topologySpreadConstraints": [{"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}]},
        "spec.topologySpreadConstraints[0].maxSkew",
        "Invalid value: 0: must be greater than zero",
    ),
    (
        {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": {}}]}}},
        "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey",
        "Required value: can not be empty",
    ),
    ({"containers": [{"name": "a", "image": "x"}] * 2}, "spec.containers[1].name", 'Duplicate value: "a"'),
    (
        {"restartPolicy": "Maybe"},
        "spec.restartPolicy",
        'Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"',
    ),
    ({"volumes": [{"name": "v"}, {"name": "v"}]}, "spec.volumes[1].name", 'Duplicate value: "v"'),
    (
        {"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]},
        "spec.volumes[0].secret",
        "Forbidden: may not specify more than 1 volume type",
    ),
    ({"volumes": [{"name": "v", "configMap": {}}]}, "spec.volumes[0].configMap.name", "Required value"),
    *(
        ({"volumes": [{"name": "v", "projected": {"sources": [source]}}]}, f"spec.volumes[0].projected.{path}", message)
        for source, path, message in (
            (
                {"downwardAPI": {"items": [{"path": "../../x", "fieldRef": {"fieldPath": "metadata.name"}}]}},
                "sources[0].downwardAPI.path",
                "Invalid value: \"../../x\": must not contain '..'",
            ),
            (
                {"downwardAPI": {"items": [{"path": "/etc/x", "fieldRef": {"fieldPath": "metadata.name"}}]}},
                "sources[0].downwardAPI.path",
                'Invalid value: "/etc/x": must be a relative path',
            ),
            (
                {"serviceAccountToken": {"path": "../../x"}},
                "path",
                "Invalid value: \"../../x\": must not contain '..'",
            ),
            (
                {"configMap": {"name": "c", "items": [{"key": "k", "path": "..data"}]}},
                "sources[0].configMap.items[0].path",
                "Invalid value: \"..data\": must not start with '..'",
            ),
            (
                {"secret": {"name": "s", "items": [{"key": "k", "path": "x", "mode": 0o4755}]}},
                "sources[0].secret.items[0].mode",
                "Invalid value: 2541: must be a number between 0 and 0777 (octal), both inclusive",
            ),
        )
    ),
    ({"nodeSelector": {"a b": "c"}}, "spec.nodeSelector", 'Invalid value: "a b": name part must consist of'),
    (
        {"tolerations": [{"operator": "Equal", "value": "x"}]},
        "spec.tolerations[0].operator",
        'Invalid value: "Equal": operator must be Exists when `key` is empty',
    ),
    (
        {"initContainers": [{"name": "i", "image": "x", "readinessProbe": {"exec": {"command": ["x"]}}}]},
        "spec.initContainers[0].readinessProbe",
        "Forbidden: may not be set for init containers without restartPolicy=Always",
    ),
]
WRONG_CONTAINERS: list[tuple[dict[str, Any], str, str]] = [
    ({"ports": [{"containerPort": 0}]}, "ports[0].containerPort", "Required value"),
    (
        {"ports": [{"containerPort": 70000}]},
        "ports[0].containerPort",
        "Invalid value: 70000: must be between 1 and 65535, inclusive",
    ),
    ({"env": [{"name": "a=b"}]}, "env[0].name", 'Invalid value: "a=b": a valid environment variable name'),
    (
        {"env": [{"name": "a", "valueFrom": {}}]},
        "env[0].valueFrom",
        'Invalid value: "": must specify one of: `fieldRef`',
    ),
    ({"volumeMounts": [{"name": "none", "mountPath": "/x"}]}, "volumeMounts[0].name", 'Not found: "none"'),
    ({"imagePullPolicy": "Often"}, "imagePullPolicy", 'Unsupported value: "Often"'),
    (
        {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}},
        "resources.requests",
        'Invalid value: "2": must be less than or equal to cpu limit of 1',
    ),
    (
        {"resources": {"limits": {"cpu": "-1"}}},
        "resources.limits[cpu]",
        'Invalid value: "-1": must be greater than or equal to 0',
    ),
    ({"livenessProbe": {}}, "livenessProbe", "Required value: must specify a handler type"),
    (
        {"livenessProbe": {"tcpSocket": {"port": 1}, "successThreshold": 2}},
        "livenessProbe.successThreshold",
        "Invalid value: 2: must be 1",
    ),
    ({"lifecycle": {"preStop": {"exec": {}}}}, "lifecycle.preStop.exec.command", "Required value"),
]


@pytest.mark.parametrize(("spec", "path", "message"), WRONG_PODS)
async def test_wrong_pods(api: Api, spec: dict[str, Any], path: str, message: str) -> None:
    refused = await api.post(PODS, pod(**spec))
    assert (refused.code, refused.body["reason"]) == (422, "Invalid"), refused
    assert causes(refused.body)[path].startswith(message), refused.message
    assert refused.message.startswith('Pod "one" is invalid: ')


@pytest.mark.parametrize(("container", "path", "message"), WRONG_CONTAINERS)
async def test_wrong_containers(api: Api, container: dict[str, Any], path: str, message: str) -> None:
    refused = await api.post(PODS, pod(containers=[{"name": "main", "image": "x"} | container]))
    assert refused.code == 422, refused
    assert causes(refused.body)[f"spec.containers[0].{path}"].startswith(message), refused.message


async def test_little_of_a_pod_may_change(api: Api) -> None:
    await api.post(PODS, pod())
    image = {"spec": {"containers": [{"name": "main", "image": "busybox:2"}]}}
    assert (await api.patch(f"{PODS}/one", image, "strategic")).code == 200
    refused = await api.patch(
        f"{PODS}/one", {"spec": {"containers": [{"name": "main", "command": ["x"]}]}}, "strategic"
    )
    assert "pod updates may not change fields other than" in refused.message
    refused = await api.patch(f"{PODS}/one", {"spec": {"nodeName": "n1"}})
    assert refused.code == 422


async def test_deployments_get_their_defaults(api: Api) -> None:
    spec = (await api.post(DEPLOYMENTS, deployment())).body["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert spec["template"]["spec"]["restartPolicy"] == "Always"
    assert "enableServiceLinks" not in spec["template"]["spec"]


TEMPLATE = {"metadata": {"labels": {"app": "other"}}, "spec": pod_spec()}
WRONG_DEPLOYMENTS: list[tuple[dict[str, Any], str, str]] = [
    ({"selector": None}, "spec.selector", "Required value"),
    ({"selector": {}}, "spec.selector", "Invalid value: {}: empty selector is invalid for deployment"),
    (
        {"template": TEMPLATE},
        "spec.template.metadata.labels",
        'Invalid value: {"app":"other"}: `selector` does not match template `labels`',
    ),
    ({"template": None}, "spec.template.spec.containers", "Required value"),
    ({"replicas": -1}, "spec.replicas", "Invalid value: -1: must be greater than or equal to 0"),
    (
        {"strategy": {"type": "Sudden"}},
        "spec.strategy",
        'Unsupported value: {"type":"Sudden"}: supported values: "Recreate", "RollingUpdate"',
    ),
    (
        {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
        "spec.strategy.rollingUpdate",
        "Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ),
    (
        {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
        "spec.strategy.rollingUpdate.maxUnavailable",
        "Invalid value: 0: may not be 0 when `maxSurge` is 0",
    ),
]


@pytest.mark.parametrize(("spec", "path", "message"), WRONG_DEPLOYMENTS)
async def test_wrong_deployments(api: Api, spec: dict[str, Any], path: str, message: str) -> None:
    refused = await api.post(DEPLOYMENTS, deployment(**spec))
    assert refused.code == 422, refused
    assert causes(refused.body)[path].startswith(message), refused.message
    assert refused.body["details"]["kind"] == "Deployment"
    assert refused.body["details"]["group"] == "apps"


async def test_selectors_are_for_life(api: Api) -> None:
    await api.post(DEPLOYMENTS, deployment())
    labels = {"app": "other"}
    change = {"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}
    refused = await api.patch(f"{DEPLOYMENTS}/web", change)
    assert causes(refused.body)["spec.selector"].endswith("field is immutable")


async def test_jobs_select_their_own_pods(api: Api) -> None:
    made = (await api.post(JOBS, job())).body
    spec, uid = made["spec"], made["metadata"]["uid"]
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert spec["template"]["metadata"]["labels"] == {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "work",
        "controller-uid": uid,
        "job-name": "work",
    }
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (1, 1, 6)
    assert (spec["completionMode"], spec["suspend"]) == ("NonIndexed", False)
    always = job("other")
    always["spec"]["template"]["spec"]["restartPolicy"] = "Always"
    refused = await api.post(JOBS, always)
    assert causes(refused.body)["spec.template.spec.restartPolicy"] == (
        'Required value: valid values: "OnFailure", "Never"'
    )


async def test_services_get_addresses_of_their_own(api: Api) -> None:
    first = (await api.post(SERVICES, service("a"))).body["spec"]
    second = (await api.post(SERVICES, service("b", type="NodePort"))).body["spec"]
    headless = (await api.post(SERVICES, service("c", clusterIP="None"))).body["spec"]
    assert first["clusterIP"].startswith("10.96.")
    assert first["clusterIPs"] == [first["clusterIP"]]
    assert second["clusterIP"] != first["clusterIP"]
    assert 30000 <= second["ports"][0]["nodePort"] <= 32767
    assert first["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert headless["clusterIPs"] == ["None"]
    taken = await api.post(SERVICES, service("d", clusterIP=first["clusterIP"]))
    assert causes(taken.body)["spec.clusterIPs"].endswith("provided IP is already allocated")
    outside = await api.post(SERVICES, service("d", clusterIP="192.168.1.1"))
    assert "not in the valid range" in causes(outside.body)["spec.clusterIPs"]
    moved = await api.patch(f"{SERVICES}/a", {"spec": {"clusterIP": "10.96.9.9", "clusterIPs": ["10.96.9.9"]}})
    assert "may not change once set" in moved.message
    assert (await api.patch(f"{SERVICES}/a", {"spec": {"type": "NodePort"}})).body["spec"]["ports"][0]["nodePort"]
    assert (await api.post(SERVICES, service("e", ports=[]))).code == 422


async def test_config_maps_and_secrets_have_rules(api: Api) -> None:
    bad = await api.post(MAPS, {"metadata": {"name": "x"}, "data": {"a b": "1"}})
    assert causes(bad.body)["data[a b]"].startswith('Invalid value: "a b": a valid config key must consist of')
    fixed = {"metadata": {"name": "x"}, "data": {"a": "1"}, "immutable": True}
    await api.post(MAPS, fixed)
    assert (await api.patch(f"{MAPS}/x", {"data": {"a": "2"}})).code == 422
    secret = {"metadata": {"name": "s"}, "stringData": {"a": "x"}}
    made = (await api.post("/api/v1/namespaces/default/secrets", secret)).body
    assert (made["type"], made["data"], "stringData" in made) == ("Opaque", {"a": "eA=="}, False)
    tls = {"metadata": {"name": "t"}, "type": "kubernetes.io/tls", "data": {"tls.crt": ""}}
    refused = await api.post("/api/v1/namespaces/default/secrets", tls)
    assert causes(refused.body) == {"data[tls.key]": "Required value"}


async def test_minimal_and_strange_objects_do_not_break_the_server(api: Api) -> None:
    for path in (PODS, DEPLOYMENTS, JOBS, SERVICES, "/api/v1/nodes", "/apis/apps/v1/namespaces/default/replicasets"):
        for body in (
            {"metadata": {"name": "x"}},
            {"metadata": {"name": "x"}, "spec": {}},
            {"metadata": None, "spec": None},
        ):
            assert (await api.post(path, body)).code in (201, 409, 422), (path, body)


async def test_services_that_are_made_at_once_get_different_addresses(api: Api) -> None:
    made = await asyncio.gather(*(api.post(SERVICES, service(f"s{number}", type="NodePort")) for number in range(20)))
    assert len({one.body["spec"]["clusterIP"] for one in made}) == 20
    assert len({one.body["spec"]["ports"][0]["nodePort"] for one in made}) == 20
