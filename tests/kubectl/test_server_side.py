"""apply --server-side: who owns which field, conflicts, and other commands in turns with it."""

from pathlib import Path

import pytest

from .conftest import Kubectl
from .test_applying import CONFIGMAP, DEPLOYMENT


def managers(kubectl: Kubectl, what: str) -> list[str]:
    shown = "jsonpath={range .metadata.managedFields[*]}{.manager}/{.operation}{.subresource}{'\\n'}{end}"
    return sorted(kubectl("get", what, "--show-managed-fields", "-o", shown).split())


def editor(directory: Path, old: str, new: str) -> str:
    """An editor that replaces one text by another."""
    script = directory / "editor"
    script.write_text(f"#!/bin/sh\nsed -i 's|{old}|{new}|' \"$1\"\n")
    script.chmod(0o755)
    return str(script)


def test_it_makes_changes_and_takes_out(kubectl: Kubectl) -> None:
    both = f"{DEPLOYMENT}---{CONFIGMAP}"
    applied = "deployment.apps/web serverside-applied\nconfigmap/settings serverside-applied\n"
    assert kubectl("apply", "--server-side", "-f", "-", given=both) == applied
    assert kubectl("apply", "--server-side", "-f", "-", given=both.replace(', b: "2"', "")) == applied
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.data}") == '{"a":"1"}'
    assert managers(kubectl, "configmap/settings") == ["kubectl/Apply"]


def test_conflicts_are_told_and_can_be_overruled(kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", "-f", "-", given=CONFIGMAP)
    mine = CONFIGMAP.replace('a: "1"', 'a: "3"')
    told = kubectl("apply", "--server-side", "--field-manager=me", "-f", "-", given=mine, code=1)
    assert 'error: Apply failed with 1 conflict: conflict with "kubectl": .data.a' in told
    assert "* If you intend to manage all of these fields, please re-run the apply" in told
    kubectl("apply", "--server-side", "--field-manager=me", "--force-conflicts", "-f", "-", given=mine)
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.data.a}") == "3"
    told = kubectl("apply", "--server-side", "-f", "-", given=CONFIGMAP, code=1)
    assert 'conflict with "me": .data.a' in told


def test_edits_and_applies_in_turns(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("apply", "--server-side", "-f", "-", given=CONFIGMAP)
    kubectl("edit", "configmap", "settings", editor=editor(tmp_path, 'a: "1"', 'a: "7"'))
    assert managers(kubectl, "configmap/settings") == ["kubectl-edit/Update", "kubectl/Apply"]
    told = kubectl("apply", "--server-side", "-f", "-", given=CONFIGMAP, code=1)
    assert 'conflict with "kubectl-edit" using v1: .data.a' in told
    kubectl("apply", "--server-side", "-f", "-", given=CONFIGMAP.replace('a: "1"', 'a: "7"'))
    kubectl("edit", "configmap", "settings", editor=editor(tmp_path, 'b: "2"', 'c: "3"'))
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=CONFIGMAP)
    assert kubectl("get", "configmap", "settings", "-o", "jsonpath={.data}") == '{"a":"1","b":"2","c":"3"}'


def test_what_kubectl_applied_before_is_taken_over(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", given=DEPLOYMENT)
    changed = DEPLOYMENT.replace("web:1", "web:2")
    assert kubectl("apply", "--server-side", "-f", "-", given=changed) == "deployment.apps/web serverside-applied\n"
    assert "kubectl/Apply" in managers(kubectl, "deployment/web")
    assert "kubectl-client-side-apply/Update" not in managers(kubectl, "deployment/web")
    without_ports = changed.replace(", ports: [{containerPort: 80}]", "")
    kubectl("apply", "--server-side", "-f", "-", given=without_ports)
    ports = "jsonpath={.spec.template.spec.containers[0].ports}"
    assert kubectl("get", "deployment", "web", "-o", ports) == ""


def test_scaling_takes_the_replicas(kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", "-f", "-", given=DEPLOYMENT)
    kubectl("scale", "deployment", "web", "--replicas=3")
    told = kubectl("apply", "--server-side", "-f", "-", given=DEPLOYMENT, code=1)
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in told
    kubectl("apply", "--server-side", "-f", "-", given=DEPLOYMENT.replace("replicas: 2", ""))
    assert kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "3"


def test_dry_runs_and_differences_store_nothing(kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", given=CONFIGMAP)
    kubectl("get", "configmap", "settings", code=1)
    kubectl("apply", "--server-side", "-f", "-", given=CONFIGMAP)
    told = kubectl("diff", "--server-side", "-f", "-", given=CONFIGMAP.replace('"2"', '"4"'), code=1)
    assert '-  b: "2"' in told
    assert '+  b: "4"' in told


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\ndata:", "\ndate:", ".date: field not declared in schema"),
        ('a: "1"', "a: 1", ".data.a: expected string"),
        ("v1", "v2", 'no matches for kind "ConfigMap" in version "v2"'),
    ],
)
def test_what_cannot_be_applied(kubectl: Kubectl, old: str, new: str, words: str) -> None:
    assert words in kubectl("apply", "--server-side", "-f", "-", given=CONFIGMAP.replace(old, new), code=1)
