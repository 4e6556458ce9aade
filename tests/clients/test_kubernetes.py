"""The official client, generated from Kubernetes' own OpenAPI document; it validates every answer."""

from pathlib import Path

import pytest

kubernetes = pytest.importorskip("kubernetes")

from kubernetes import client, config, dynamic, stream, watch  # noqa: E402

from .conftest import CARELESS, POD  # noqa: E402

pytestmark = CARELESS

SPACE = "default"


@pytest.fixture
def api(kubeconfig: Path):
    with config.new_client_from_config(str(kubeconfig)) as made:
        yield made


@pytest.fixture
def core(api):
    return client.CoreV1Api(api)


def until_running(core, name: str) -> None:
    events = watch.Watch().stream(core.list_namespaced_pod, SPACE, field_selector=f"metadata.name={name}")
    next(event for event in events if event["object"].status.phase == "Running")


def test_objects_are_created_read_changed_and_deleted(core, name: str) -> None:
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"mine": name}), data={"a": "1"})
    assert core.create_namespaced_config_map(SPACE, body).data == {"a": "1"}
    assert core.patch_namespaced_config_map(name, SPACE, {"data": {"b": "2"}}).data == {"a": "1", "b": "2"}
    found = core.list_namespaced_config_map(SPACE, label_selector=f"mine={name}").items
    assert [one.metadata.name for one in found] == [name]
    found[0].data = {"c": "3"}
    assert core.replace_namespaced_config_map(name, SPACE, found[0]).data == {"c": "3"}
    with pytest.raises(client.ApiException) as stale:
        core.replace_namespaced_config_map(name, SPACE, found[0])
    assert stale.value.status == 409
    core.delete_namespaced_config_map(name, SPACE)
    with pytest.raises(client.ApiException) as missing:
        core.read_namespaced_config_map(name, SPACE)
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")


def test_deployments_are_scaled_and_watched(api, name: str) -> None:
    apps = client.AppsV1Api(api)
    labels = {"app": name}
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": POD},
    }
    made = apps.create_namespaced_deployment(SPACE, {"metadata": {"name": name}, "spec": spec})
    assert made.status.ready_replicas is None
    changed = apps.patch_namespaced_deployment_scale(name, SPACE, {"spec": {"replicas": 3}})
    assert changed.spec.replicas == 3
    events = watch.Watch().stream(apps.list_namespaced_deployment, SPACE, field_selector=f"metadata.name={name}")
    last = next(event["object"] for event in events if event["object"].status.ready_replicas == 3)
    assert last.metadata.name == name


def test_a_watch_goes_on_from_a_list(core, name: str) -> None:
    version = core.list_namespaced_config_map(SPACE).metadata.resource_version
    core.create_namespaced_config_map(SPACE, {"metadata": {"name": name}})
    core.delete_namespaced_config_map(name, SPACE)
    events = watch.Watch().stream(core.list_namespaced_config_map, SPACE, resource_version=version)
    seen = ((event["type"], event["object"].metadata.name) for event in events)
    assert [next(seen), next(seen)] == [("ADDED", name), ("DELETED", name)]


def test_long_lists_come_in_pages(core, name: str) -> None:
    for number in range(3):
        labels = {"pages": name}
        core.create_namespaced_config_map(SPACE, {"metadata": {"name": f"{name}-{number}", "labels": labels}})
    first = core.list_namespaced_config_map(SPACE, label_selector=f"pages={name}", limit=2)
    assert len(first.items) == 2
    rest = core.list_namespaced_config_map(
        SPACE, label_selector=f"pages={name}", limit=2, _continue=first.metadata._continue
    )
    assert len(rest.items) == 1


def test_every_kind_can_be_listed(api) -> None:
    """The client refuses objects that lack what the document requires."""
    core = client.CoreV1Api(api)
    assert [one.metadata.name for one in core.list_node().items] == ["fake"]
    for listing in (
        core.list_namespace,
        core.list_pod_for_all_namespaces,
        core.list_service_for_all_namespaces,
        core.list_endpoints_for_all_namespaces,
        core.list_event_for_all_namespaces,
        core.list_service_account_for_all_namespaces,
        client.EventsV1Api(api).list_event_for_all_namespaces,
        client.CoordinationV1Api(api).list_lease_for_all_namespaces,
        client.DiscoveryV1Api(api).list_endpoint_slice_for_all_namespaces,
        client.AppsV1Api(api).list_replica_set_for_all_namespaces,
    ):
        assert listing().items
    assert client.VersionApi(api).get_code().minor == "33"


def test_the_dynamic_client_discovers(api, name: str) -> None:
    maps = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")
    maps.create(body={"metadata": {"name": name}, "data": {"a": "1"}}, namespace=SPACE)
    assert maps.get(name=name, namespace=SPACE).data.a == "1"


def test_logs_and_commands(core, name: str) -> None:
    core.create_namespaced_pod(SPACE, {"metadata": {"name": name}, "spec": POD})
    until_running(core, name)
    assert core.read_namespaced_pod_log(name, SPACE, tail_lines=5).endswith("second\n")
    options = {"stdout": True, "stderr": True, "stdin": False, "tty": False}
    said = stream.stream(core.connect_get_namespaced_pod_exec, name, SPACE, command=["say", "it"], **options)
    assert said == "say it\n"
    failing = stream.stream(
        core.connect_get_namespaced_pod_exec, name, SPACE, command=["fail"], _preload_content=False, **options
    )
    failing.run_forever()
    assert failing.returncode == 3


def test_roles_are_made_and_bound(api, core, name: str) -> None:
    roles, questions = client.RbacAuthorizationV1Api(api), client.AuthorizationV1Api(api)
    rule = client.V1PolicyRule(api_groups=[""], resources=["pods"], verbs=["get"])
    roles.create_namespaced_role(SPACE, client.V1Role(metadata={"name": name}, rules=[rule]))
    ref = client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="Role", name=name)
    subject = client.RbacV1Subject(kind="ServiceAccount", name=name, namespace=SPACE)
    body = client.V1RoleBinding(metadata={"name": name}, role_ref=ref, subjects=[subject])
    roles.create_namespaced_role_binding(SPACE, body)

    def may(verb: str) -> bool:
        about = client.V1ResourceAttributes(namespace=SPACE, verb=verb, resource="pods")
        spec = client.V1SubjectAccessReviewSpec(resource_attributes=about, user=f"system:serviceaccount:{SPACE}:{name}")
        return questions.create_subject_access_review(client.V1SubjectAccessReview(spec=spec)).status.allowed

    assert (may("get"), may("delete")) == (True, False)


def test_configurations_are_applied(api, name: str) -> None:
    maps = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="ConfigMap")
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": "1"}}
    maps.server_side_apply(config, namespace=SPACE, field_manager="mine")
    with pytest.raises(dynamic.exceptions.ConflictError) as refused:
        maps.server_side_apply(config | {"data": {"a": "2"}}, namespace=SPACE, field_manager="other")
    assert 'conflict with \\"mine\\": .data.a' in refused.value.body
    other = config | {"data": {"a": "2"}}
    found = maps.server_side_apply(other, namespace=SPACE, field_manager="other", force_conflicts=True)
    assert found.data.a == "2"
    assert [one.manager for one in found.metadata.managedFields] == ["other"]
