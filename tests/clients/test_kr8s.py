"""kr8s, with its own words for the usual things."""

from pathlib import Path

import pytest

kr8s = pytest.importorskip("kr8s")

from kr8s.objects import ConfigMap, Deployment, Pod  # noqa: E402

from .conftest import CARELESS, POD  # noqa: E402

pytestmark = CARELESS


@pytest.fixture
def api(kubeconfig: Path):
    return kr8s.api(kubeconfig=str(kubeconfig))


def test_objects_are_created_read_changed_and_deleted(api, name: str) -> None:
    one = ConfigMap({"metadata": {"name": name}, "data": {"a": "1"}}, api=api)
    one.create()
    one.patch({"data": {"b": "2"}})
    one.label({"mine": name})
    (found,) = kr8s.get("configmaps", label_selector={"mine": name}, api=api)
    assert dict(found.data) == {"a": "1", "b": "2"}
    one.delete()
    assert not one.exists()
    with pytest.raises(kr8s.NotFoundError):
        ConfigMap.get(name, api=api)


def test_pods_are_waited_for_watched_and_talked_to(api, name: str) -> None:
    pod = Pod({"metadata": {"name": name}, "spec": POD}, api=api)
    pod.create()
    pod.wait("condition=Ready", timeout=30)
    assert pod.ready()
    assert list(pod.logs())[-1] == "second"
    assert pod.exec(["say", "it"]).stdout == b"say it\n"
    assert pod.exec(["fail"], check=False).returncode == 3
    events = kr8s.watch("pods", field_selector=f"metadata.name={name}", api=api)
    pod.annotate({"seen": "yes"})
    kind, seen = next(events)
    assert (kind in ("ADDED", "MODIFIED"), seen.name) == (True, name)
    pod.delete()


def test_deployments_scale_and_know_their_pods(api, name: str) -> None:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": POD}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    deployment = Deployment({"metadata": {"name": name}, "spec": spec}, api=api)
    deployment.create()
    deployment.wait("condition=Available", timeout=30)
    assert len(deployment.pods()) == 3
    deployment.scale(1)
    assert deployment.replicas == 1
    deployment.delete()


def test_what_the_server_says_about_itself(api) -> None:
    assert api.version()["major"] == "1"
    assert api.whoami() == "admin"
    assert {"pods", "deployments", "jobs"} <= {one["name"] for one in api.api_resources()}
