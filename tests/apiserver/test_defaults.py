"""Defaults that no other test sees, as the real server has them."""

from typing import Any

import pytest

from podvisor.apiserver import kinds
from podvisor.apiserver.kinds.podspec import defaults

JOB = kinds.catalogue().get("batch", "v1", "jobs")
POD = kinds.catalogue().get("", "v1", "pods")
SERVICE = kinds.catalogue().get("", "v1", "services")


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ({"iscsi": {"iqn": "x"}}, {"iscsi": {"iqn": "x", "iscsiInterface": "default"}}),
        ({"rbd": {"pool": "p"}}, {"rbd": {"pool": "p", "user": "admin", "keyring": "/etc/ceph/keyring"}}),
        ({"scaleIO": {}}, {"scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"}}),
        ({"image": {"reference": "a:1"}}, {"image": {"reference": "a:1", "pullPolicy": "IfNotPresent"}}),
        (
            {"ephemeral": {"volumeClaimTemplate": {}}},
            {"ephemeral": {"volumeClaimTemplate": {"spec": {"volumeMode": "Filesystem"}}}},
        ),
        ({}, {"emptyDir": {}}),
    ],
)
def test_volumes(given: Any, made: Any) -> None:
    spec = {"volumes": [{"name": "v"} | given], "containers": []}
    defaults.template(spec)
    assert spec["volumes"] == [{"name": "v"} | made]


def test_a_job_has_the_labels_of_its_template_and_not_those_that_the_server_adds() -> None:
    job: Any = {"metadata": {"name": "j", "uid": "u"}, "spec": {"template": {"metadata": {"labels": {"a": "b"}}}}}
    JOB.hooks.create(job)
    assert job["metadata"]["labels"] == {"a": "b"}
    assert job["spec"]["template"]["metadata"]["labels"]["job-name"] == "j"


def test_a_negative_grace_period_of_a_new_pod_is_one_second() -> None:
    pod: Any = {"metadata": {}, "spec": {"terminationGracePeriodSeconds": -5, "containers": []}}
    POD.hooks.create(pod)
    assert pod["spec"]["terminationGracePeriodSeconds"] == 1


def test_a_service_loses_what_its_new_type_does_not_need() -> None:
    def changed(old: Any, new: Any) -> Any:
        before = {"spec": {"ports": [{"port": 80, "nodePort": 30000}], "clusterIP": "10.0.0.1"} | old}
        after = {"spec": {"ports": [{"port": 80, "nodePort": 30000}], "clusterIP": "10.0.0.1"} | old | new}
        SERVICE.hooks.update(after, before)
        return after["spec"]

    to_cluster = changed({"type": "NodePort", "externalTrafficPolicy": "Cluster"}, {"type": "ClusterIP"})
    assert to_cluster == {"type": "ClusterIP", "ports": [{"port": 80}], "clusterIP": "10.0.0.1"}
    assert "clusterIP" not in changed({"type": "ClusterIP"}, {"type": "ExternalName", "externalName": "a.b"})
    asked = changed({"type": "NodePort"}, {"type": "ClusterIP", "ports": [{"port": 80, "nodePort": 30001}]})
    assert asked["ports"][0]["nodePort"] == 30001


def test_a_service_without_affinity_has_no_settings_for_it() -> None:
    service: Any = {"spec": {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}, "ports": []}}
    SERVICE.hooks.default(service)
    assert "sessionAffinityConfig" not in service["spec"]
