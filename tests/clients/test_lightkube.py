"""lightkube, typed and small."""

from pathlib import Path

import pytest

lightkube = pytest.importorskip("lightkube")

from lightkube.models.core_v1 import Container, PodSpec  # noqa: E402
from lightkube.models.meta_v1 import ObjectMeta  # noqa: E402
from lightkube.resources.apps_v1 import Deployment  # noqa: E402
from lightkube.resources.core_v1 import ConfigMap, Node, Pod  # noqa: E402
from lightkube.types import PatchType  # noqa: E402

from .conftest import CARELESS, POD  # noqa: E402

pytestmark = CARELESS


@pytest.fixture
def client(kubeconfig: Path):
    with lightkube.Client(lightkube.KubeConfig.from_file(kubeconfig), namespace="default") as made:
        yield made


def running(client, name: str) -> Pod:
    spec = PodSpec(containers=[Container(name="main", image="busybox")])
    client.create(Pod(metadata=ObjectMeta(name=name), spec=spec))
    return client.wait(Pod, name, for_conditions=["Ready"])


def test_objects_are_created_read_changed_and_deleted(client, name: str) -> None:
    made = client.create(ConfigMap(metadata=ObjectMeta(name=name, labels={"mine": name}), data={"a": "1"}))
    assert client.patch(ConfigMap, name, {"data": {"b": "2"}}).data == {"a": "1", "b": "2"}
    steps = [{"op": "remove", "path": "/data/a"}]
    assert client.patch(ConfigMap, name, steps, patch_type=PatchType.JSON).data == {"b": "2"}
    assert [one.metadata.name for one in client.list(ConfigMap, labels={"mine": name})] == [name]
    with pytest.raises(lightkube.ApiError) as stale:
        client.replace(made)
    assert stale.value.status.code == 409
    client.delete(ConfigMap, name)
    with pytest.raises(lightkube.ApiError) as missing:
        client.get(ConfigMap, name)
    assert missing.value.status.reason == "NotFound"


def test_lists_and_watches(client, name: str) -> None:
    assert [node.metadata.name for node in client.list(Node)] == ["fake"]
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": POD}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    client.create(Deployment.from_dict({"metadata": {"name": name}, "spec": spec}))
    events = client.watch(Deployment, fields={"metadata.name": name})
    last = next(one for _, one in events if one.status and one.status.readyReplicas == 2)
    assert last.metadata.name == name


def test_logs_and_commands(client, name: str) -> None:
    running(client, name)
    assert list(client.log(name))[-1] == "second\n"
    assert client.exec(name, command=["say", "it"], stdout=True).stdout == "say it\n"
    assert client.exec(name, command="fail", stdout=True).exit_code == 3
    assert client.exec(name, command="cat", stdin="hello", stdout=True).stdout.endswith("hello")


def test_configurations_are_applied(client, name: str) -> None:
    def config(value: str) -> ConfigMap:
        meta = ObjectMeta(name=name, namespace="default")
        return ConfigMap(apiVersion="v1", kind="ConfigMap", metadata=meta, data={"a": value})

    client.apply(config("1"), field_manager="mine")
    with pytest.raises(lightkube.ApiError) as refused:
        client.apply(config("2"), field_manager="other")
    assert [(one.field, one.message) for one in refused.value.status.details.causes] == [
        (".data.a", 'conflict with "mine"')
    ]
    assert client.apply(config("2"), field_manager="other", force=True).data == {"a": "2"}
