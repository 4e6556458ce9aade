"""create, apply, replace, diff, edit, and what a dry run leaves behind."""

from pathlib import Path

import orjson
import pytest

from .conftest import Kubectl

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "web:1", ports: [{containerPort: 80}]}
"""
CONFIGMAP = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: "1", b: "2"}
"""
BOTH = f"{DEPLOYMENT}---{CONFIGMAP}"


@pytest.fixture
def editor(tmp_path: Path):
    """Makes an editor that replaces one text by another."""

    def make(old: str, new: str) -> str:
        script = tmp_path / "editor"
        script.write_text(f"#!/bin/sh\nsed -i 's|{old}|{new}|' \"$1\"\n")
        script.chmod(0o755)
        return str(script)

    return make


def image(kubectl: Kubectl) -> str:
    return kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.template.spec.containers[0].image}")


def test_apply_creates_configures_and_leaves_alone(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", given=BOTH) == "deployment.apps/web created\nconfigmap/settings created\n"
    assert kubectl("apply", "-f", "-", given=BOTH) == "deployment.apps/web unchanged\nconfigmap/settings unchanged\n"
    changed = BOTH.replace("web:1", "web:2")
    assert (
        kubectl("apply", "-f", "-", given=changed) == "deployment.apps/web configured\nconfigmap/settings unchanged\n"
    )
    assert image(kubectl) == "web:2"


def test_apply_removes_what_was_applied_and_keeps_what_others_wrote(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=CONFIGMAP)
    kubectl("patch", "configmap", "settings", "-p", '{"data":{"c":"3"}}')
    kubectl("apply", "-f", "-", given=CONFIGMAP.replace(', b: "2"', ""))
    data = orjson.loads(kubectl("get", "configmap", "settings", "-o", "jsonpath={.data}"))
    assert data == {"a": "1", "c": "3"}


def test_the_last_applied_state_can_be_seen_set_and_edited(kubectl: Kubectl, editor) -> None:
    kubectl("create", "-f", "-", given=CONFIGMAP)
    assert "is missing the kubectl.kubernetes.io/last-applied-configuration" in kubectl(
        "apply", "-f", "-", given=CONFIGMAP
    )
    assert 'a: "1"' in kubectl("apply", "view-last-applied", "configmap/settings")
    kubectl("apply", "set-last-applied", "-f", "-", given=CONFIGMAP.replace('"1"', '"9"'))
    assert 'a: "9"' in kubectl("apply", "view-last-applied", "configmap/settings")
    edited = kubectl("apply", "edit-last-applied", "configmap/settings", editor=editor('"9"', '"8"'))
    assert edited == "configmap/settings edited\n"
    assert 'a: "8"' in kubectl("apply", "view-last-applied", "configmap/settings")


def test_pruning_removes_what_is_no_longer_there(kubectl: Kubectl) -> None:
    labelled = CONFIGMAP.replace("name: settings", "name: NAME, labels: {set: one}")
    first, second = labelled.replace("NAME", "first"), labelled.replace("NAME", "second")
    kubectl("apply", "-f", "-", given=f"{first}---{second}")
    options = ("--prune", "-l", "set=one", "--prune-allowlist=core/v1/ConfigMap")
    assert "configmap/second pruned" in kubectl("apply", "-f", "-", *options, given=first)
    assert kubectl("get", "configmaps", "-l", "set=one", "-o", "name") == "configmap/first\n"


def test_diff_shows_what_apply_would_do(kubectl: Kubectl) -> None:
    new = kubectl("diff", "-f", "-", given=DEPLOYMENT, code=1)
    assert "+  progressDeadlineSeconds: 600" in new
    assert "resourceVersion" not in new
    kubectl("apply", "-f", "-", given=DEPLOYMENT)
    assert kubectl("diff", "-f", "-", given=DEPLOYMENT) == ""
    changed = kubectl("diff", "-f", "-", given=DEPLOYMENT.replace("web:1", "web:2"), code=1)
    shown = [line for line in changed.splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.split() for line in shown if "image" in line] == [
        ["-", "-", "image:", "web:1"],
        ["+", "-", "image:", "web:2"],
    ]


def test_dry_runs_store_nothing(kubectl: Kubectl) -> None:
    assert kubectl("apply", "--dry-run=server", "-f", "-", given=CONFIGMAP) == (
        "configmap/settings created (server dry run)\n"
    )
    shown = orjson.loads(kubectl("create", "--dry-run=server", "-f", "-", "-o", "json", given=DEPLOYMENT))
    assert shown["spec"]["revisionHistoryLimit"] == 10
    assert "resourceVersion" not in shown["metadata"]
    kubectl("get", "deployment", "web", code=1)
    kubectl("apply", "-f", "-", given=CONFIGMAP)
    assert "deleted (server dry run)" in kubectl("delete", "--dry-run=server", "configmap", "settings")
    assert kubectl("get", "configmap", "settings", "-o", "name") == "configmap/settings\n"


def test_create_refuses_what_is_there(kubectl: Kubectl) -> None:
    assert kubectl("create", "-f", "-", given=CONFIGMAP) == "configmap/settings created\n"
    assert kubectl("create", "-f", "-", given=CONFIGMAP, code=1) == (
        'Error from server (AlreadyExists): error when creating "STDIN": configmaps "settings" already exists\n'
    )


def test_names_can_be_generated(kubectl: Kubectl) -> None:
    generated = CONFIGMAP.replace("name: settings", "generateName: settings-")
    names = [kubectl("create", "-f", "-", "-o", "name", given=generated).strip() for _ in range(2)]
    assert len(set(names)) == 2
    assert all(name.startswith("configmap/settings-") for name in names)


def test_what_go_sends_as_protobuf_is_understood(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "one", "--from-literal=a=1")
    kubectl("create", "secret", "generic", "two", "--from-literal=b=2")
    kubectl("create", "serviceaccount", "robot")
    kubectl("create", "service", "nodeport", "door", "--tcp=80:8080")
    kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2", "--port=80")
    assert kubectl("get", "secret", "two", "-o", "jsonpath={.data.b}") == "Mg=="
    shown = kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas} {..containerPort}")
    assert shown == "2 80"
    port = kubectl("get", "service", "door", "-o", "jsonpath={.spec.ports[0].targetPort} {.spec.ports[0].nodePort}")
    assert port.startswith("8080 3")


def test_replace_takes_the_place_of_the_whole(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", given=CONFIGMAP)
    assert kubectl("replace", "-f", "-", given=CONFIGMAP.replace(', b: "2"', "")) == "configmap/settings replaced\n"
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.data}") == '{"a":"1"}'
    uid = kubectl("get", "configmap", "settings", "-o", "jsonpath={.metadata.uid}")
    assert "configmap/settings replaced" in kubectl("replace", "--force", "-f", "-", given=CONFIGMAP)
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.metadata.uid}") != uid
    gone = kubectl("replace", "-f", "-", given=CONFIGMAP.replace("settings", "none"), code=1)
    assert 'configmaps "none" not found' in gone


def test_editing(kubectl: Kubectl, editor) -> None:
    kubectl("create", "-f", "-", given=DEPLOYMENT)
    edited = kubectl("edit", "deployment", "web", editor=editor("web:1", "web:2"))
    assert edited == "deployment.apps/web edited\n"
    assert image(kubectl) == "web:2"
    assert kubectl("edit", "deployment", "web") == "Edit cancelled, no changes made.\n"
    refused = kubectl("edit", "deployment", "web", editor=editor("replicas: 2", "replicas: -1"), code=1)
    assert "Edit cancelled, no valid changes were saved." in refused
