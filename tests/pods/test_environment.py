"""Variables of a container.

https://kubernetes.io/docs/tasks/inject-data-application/
"""

import pytest

from pods.kit import NAMESPACE, Json, Pods, container, forever, is_ready, state, status, waits_for
from podvisor import sdk


def env(*variables: Json, **more: object) -> Json:
    """A container's variables, beside what it is else."""
    return {"env": list(variables), **more}


def of(**source: Json) -> Json:
    return {"name": "V", "valueFrom": source}


async def test_references_are_expanded_and_a_doubled_dollar_is_one(pods: Pods):
    variables = [
        {"name": "A", "value": "a"},
        {"name": "B", "value": "$(A)-$(NOWHERE)-$$(A)-$$-$(LATER)"},
        {"name": "LATER", "value": "late"},
        {"name": "EMPTY"},
    ]
    told = await pods.output('echo "$B|$EMPTY|${EMPTY-unset}"', container=env(*variables))
    assert told == "a-$(NOWHERE)-$(A)-$-$(LATER)||\n"


async def test_references_are_expanded_in_commands_and_arguments(pods: Pods):
    program = {"command": ["sh", "-c", "echo $0 $1"], "args": ["$(A)", "$$(A)"]}
    pod = await pods.ended({"name": "main", "image": "host", **program, **env({"name": "A", "value": "x"})})
    assert await pods.logs(pod["metadata"]["name"]) == "x $(A)\n"


async def test_entries_of_config_maps_and_secrets_become_variables(pods: Pods):
    config, secret = await pods.config_map(one="1", two="2"), await pods.secret(word="s3cret")
    sources = [
        {"configMapRef": {"name": config}},
        {"prefix": "P_", "secretRef": {"name": secret}},
        {"configMapRef": {"name": "not-there", "optional": True}},
    ]
    variables = env({"name": "two", "value": "own"}, envFrom=sources)
    assert await pods.output("echo $one $two $P_word", container=variables) == "1 own s3cret\n"


async def test_single_keys_become_variables_and_optional_ones_may_be_missing(pods: Pods):
    config, secret = await pods.config_map(k="c"), await pods.secret(k="s")
    variables = [
        {"name": "C", "valueFrom": {"configMapKeyRef": {"name": config, "key": "k"}}},
        {"name": "S", "valueFrom": {"secretKeyRef": {"name": secret, "key": "k"}}},
        {"name": "O", "valueFrom": {"configMapKeyRef": {"name": config, "key": "nope", "optional": True}}},
        {"name": "N", "valueFrom": {"secretKeyRef": {"name": "nope", "key": "k", "optional": True}}},
    ]
    assert await pods.output('echo "$C $S ${O-unset} ${N-unset}"', container=env(*variables)) == "c s unset unset\n"


async def test_missing_key_holds_the_container_until_it_is_there(pods: Pods):
    config = await pods.config_map(other="x")
    name = await pods.create(forever(**env(of(configMapKeyRef={"name": config, "key": "k"}))))
    pod = await pods.until(name, waits_for("CreateContainerConfigError"))
    assert state(pod)[1]["message"] == f"couldn't find key k in ConfigMap {NAMESPACE}/{config}"
    assert pod["status"]["phase"] == "Pending"
    event = await pods.event(name, "Failed")
    assert event["message"] == f"Error: couldn't find key k in ConfigMap {NAMESPACE}/{config}"
    await pods.client.patch(sdk.kinds.CONFIGMAPS.raw, sdk.Key(NAMESPACE, config), {"data": {"k": "v"}})
    pod = await pods.until(name, is_ready)
    assert status(pod)["restartCount"] == 0


@pytest.mark.parametrize(("kind", "word"), [("configMapRef", "configmap"), ("secretRef", "secret")])
async def test_missing_object_is_named(pods: Pods, kind: str, word: str):
    name = await pods.create(container("true", envFrom=[{kind: {"name": "not-there"}}]))
    pod = await pods.until(name, waits_for("CreateContainerConfigError"))
    assert state(pod)[1]["message"] == f'{word} "not-there" not found'


async def test_facts_about_the_pod_become_variables(pods: Pods):
    paths = {
        "NAME": "metadata.name",
        "SPACE": "metadata.namespace",
        "UID": "metadata.uid",
        "NODE": "spec.nodeName",
        "ACCOUNT": "spec.serviceAccountName",
        "IP": "status.podIP",
        "HOST": "status.hostIP",
        "LABEL": "metadata.labels['app']",
        "NOTE": "metadata.annotations['note']",
    }
    variables = [{"name": f"X_{key}", "valueFrom": {"fieldRef": {"fieldPath": path}}} for key, path in paths.items()]
    meta = {"labels": {"app": "web"}, "annotations": {"note": "some text"}}
    pod = await pods.ended(container("env | grep ^X_", **env(*variables)), meta=meta)
    found = dict(line.split("=", 1) for line in (await pods.logs(pod["metadata"]["name"])).splitlines())
    meta, spec, told = pod["metadata"], pod["spec"], pod["status"]
    assert found == {
        "X_NAME": meta["name"],
        "X_SPACE": "default",
        "X_UID": meta["uid"],
        "X_NODE": spec["nodeName"],
        "X_ACCOUNT": "default",
        "X_IP": told["podIP"],
        "X_HOST": told["hostIP"],
        "X_LABEL": "web",
        "X_NOTE": "some text",
    }


async def test_own_resources_become_variables(pods: Pods):
    resources = {"requests": {"cpu": "100m"}, "limits": {"cpu": "1500m", "memory": "100Mi"}}
    variables = [
        {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        {"name": "ASKED", "valueFrom": {"resourceFieldRef": {"resource": "requests.cpu", "divisor": "1m"}}},
        {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}},
    ]
    told = await pods.output("echo $CPU $ASKED $MEMORY", container=env(*variables, resources=resources))
    assert told == f"2 100 {100 << 20}\n"


async def test_services_are_named_in_variables_unless_that_is_not_wanted(pods: Pods):
    script = "env | grep -c ^KUBERNETES_SERVICE_HOST= ; env | grep ^MY_DB_ | sort"
    spec = {"ports": [{"port": 5432, "name": "pg"}], "selector": {"app": "db"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "my-db"}, "spec": spec}
    await pods.object(sdk.kinds.SERVICES, service)
    made = await pods.client.get(sdk.kinds.SERVICES.raw, "my-db", NAMESPACE)
    address = made["spec"]["clusterIP"]
    told = (await pods.output(script)).splitlines()
    assert told[0] == "1"
    assert {f"MY_DB_SERVICE_HOST={address}", "MY_DB_SERVICE_PORT_PG=5432"} <= set(told)
    assert await pods.output(script + "; true", enableServiceLinks=False) == "1\n"


async def test_working_directory_is_as_asked_for(pods: Pods):
    assert await pods.output("pwd", container={"workingDir": "/usr/share"}) == "/usr/share\n"
