"""get, in every form of output and selection."""

import subprocess

import orjson
import yaml

from .conftest import Kubectl


def test_pods_in_columns(kubectl: Kubectl) -> None:
    kubectl.pod()
    header, row = kubectl.rows("get", "pods")
    assert header == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert row[:4] == ["one", "1/1", "Running", "0"]
    wide = kubectl.rows("get", "pods", "-o", "wide")
    assert " ".join(wide[0][5:]) == "IP NODE NOMINATED NODE READINESS GATES"
    assert wide[1][5:] == ["10.244.0.1", "fake", "<none>", "<none>"]
    assert kubectl.rows("get", "pods", "--show-labels")[1][-1] == "app=one"
    assert kubectl.rows("get", "pods", "-L", "app")[1][-1] == "one"
    assert kubectl.rows("get", "pods", "--no-headers")[0][0] == "one"


def test_workloads_in_columns(kubectl: Kubectl) -> None:
    kubectl.deployment()
    assert kubectl.rows("get", "deployments")[0] == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    wide = kubectl.rows("get", "deploy", "-o", "wide")
    assert wide[0][5:] == ["CONTAINERS", "IMAGES", "SELECTOR"]
    assert wide[1][:4] + wide[1][5:] == ["web", "2/2", "2", "2", "web", "web:1", "app=web"]
    assert kubectl.rows("get", "rs")[0] == ["NAME", "DESIRED", "CURRENT", "READY", "AGE"]
    assert kubectl.rows("get", "deploy", "web", "--subresource=scale")[1][:3] == ["web", "2", "2"]
    kubectl("create", "job", "work", "--image=x", "--", "true")
    assert kubectl.rows("get", "jobs")[0] == ["NAME", "STATUS", "COMPLETIONS", "DURATION", "AGE"]


def test_all_shows_what_people_look_for(kubectl: Kubectl) -> None:
    kubectl.deployment()
    kubectl("expose", "deployment", "web", "--port=80")
    kubectl("create", "configmap", "settings")
    kinds = {line.split("/")[0] for line in kubectl("get", "all", "-o", "name").split()}
    assert kinds == {"pod", "service", "deployment.apps", "replicaset.apps"}


def test_machine_readable_output(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "settings", "--from-literal=a=1")
    as_json = orjson.loads(kubectl("get", "cm", "settings", "-o", "json"))
    assert (as_json["apiVersion"], as_json["kind"], as_json["data"]) == ("v1", "ConfigMap", {"a": "1"})
    assert yaml.safe_load(kubectl("get", "cm", "settings", "-o", "yaml")) == as_json
    assert kubectl("get", "cm", "settings", "-o", "jsonpath={.data.a}") == "1"
    names = kubectl("get", "cm", "-o", 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}').split()
    assert names == ["kube-root-ca.crt", "settings"]
    assert kubectl("get", "cm", "settings", "-o", "go-template={{.data.a}}") == "1"
    assert kubectl.rows("get", "cm", "settings", "-o", "custom-columns=N:.metadata.name,A:.data.a")[1] == [
        "settings",
        "1",
    ]
    assert kubectl("get", "cm", "settings", "-o", "name") == "configmap/settings\n"
    several = orjson.loads(kubectl("get", "cm/settings", "sa/default", "-o", "json"))
    assert [one["kind"] for one in several["items"]] == ["ConfigMap", "ServiceAccount"]


def test_labels_select(kubectl: Kubectl) -> None:
    for name, tier in (("a", "front"), ("b", "back")):
        kubectl("create", "configmap", name)
        kubectl("label", "configmap", name, f"tier={tier}")

    def chosen(selector: str) -> list[str]:
        return kubectl("get", "cm", "-l", selector, "-o", "name").split()

    assert chosen("tier=front") == ["configmap/a"]
    assert chosen("tier!=front,tier") == ["configmap/b"]
    assert chosen("tier in (front,back)") == ["configmap/a", "configmap/b"]
    assert chosen("tier notin (front)") == ["configmap/b", "configmap/kube-root-ca.crt"]
    assert chosen("!tier") == ["configmap/kube-root-ca.crt"]
    refused = kubectl("get", "cm", "-l", "a b", code=1)
    assert 'Unable to find "/v1, Resource=configmaps" that match label selector "a b"' in refused
    assert "unable to parse requirement" in refused


def test_fields_select(kubectl: Kubectl) -> None:
    kubectl.pod()
    kubectl.pod("two")

    def chosen(selector: str) -> list[str]:
        return kubectl("get", "pods", "--field-selector", selector, "-o", "name").split()

    assert chosen("metadata.name=two") == ["pod/two"]
    assert chosen("status.phase=Running,metadata.name!=two") == ["pod/one"]
    assert chosen("spec.nodeName=fake") == ["pod/one", "pod/two"]
    assert chosen("status.phase!=Running") == []
    assert kubectl("get", "pods", "--field-selector", "status.colour=red", code=1) == (
        'Error from server (BadRequest): Unable to find "/v1, Resource=pods" that match label selector "", field '
        'selector "status.colour=red": field label not supported: status.colour\n'
    )


def test_lists_are_sorted_and_come_in_pages(kubectl: Kubectl) -> None:
    for name in ("c", "a", "b"):
        kubectl("create", "configmap", name, f"--from-literal=k={name}")
        kubectl("label", "configmap", name, "mine=yes")
    ours = ("get", "cm", "-l", "mine", "-o", "name")
    assert kubectl(*ours, "--chunk-size=1").split() == ["configmap/a", "configmap/b", "configmap/c"]
    assert kubectl(*ours, "--sort-by=.data.k").split() == ["configmap/a", "configmap/b", "configmap/c"]


def test_every_namespace_at_once(kubectl: Kubectl) -> None:
    kubectl.pod()
    rows = kubectl.rows("get", "pods", "-A")
    assert rows[0][0] == "NAMESPACE"
    assert [kubectl.namespace, "one"] in [row[:2] for row in rows]


def test_nothing_and_nobody(kubectl: Kubectl) -> None:
    assert kubectl("get", "pods") == f"No resources found in {kubectl.namespace} namespace.\n"
    assert kubectl("get", "pod", "none", code=1) == 'Error from server (NotFound): pods "none" not found\n'
    missing = kubectl("get", "deploy", "none", code=1)
    assert missing == 'Error from server (NotFound): deployments.apps "none" not found\n'
    assert kubectl("get", "pod", "none", "--ignore-not-found") == ""
    assert kubectl("get", "gadgets", code=1) == 'error: the server doesn\'t have a resource type "gadgets"\n'


def test_watching_shows_what_happens(kubectl: Kubectl) -> None:
    kubectl.pod()
    command = kubectl.command("get", "pods", "-w", "--output-watch-events", "--no-headers")
    with subprocess.Popen(command, env=kubectl.environment(), stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        assert watching.stdout.readline().split()[:3] == ["ADDED", "one", "1/1"]
        kubectl("label", "pod", "one", "seen=yes")
        assert watching.stdout.readline().split()[:2] == ["MODIFIED", "one"]
        kubectl("delete", "pod", "one")
        last = next(line for line in watching.stdout if line.startswith("DELETED"))
        assert last.split()[1] == "one"
        watching.terminate()


def test_events_tell_of_pods(kubectl: Kubectl) -> None:
    kubectl.pod()
    kubectl("wait", "--for=create", "event", "--all", "--timeout=10s")
    rows = kubectl.rows("get", "events")
    assert rows[0] == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert rows[1][1:4] == ["Normal", "Scheduled", "pod/one"]
    assert "Successfully assigned" in kubectl("events", "--for", "pod/one")
    assert "No events found" in kubectl("events", "--types=Warning")
    chosen = kubectl("get", "events", "--field-selector=involvedObject.name=one,reason=Scheduled", "-o", "name")
    assert len(chosen.split()) == 1


def test_raw_paths(kubectl: Kubectl) -> None:
    assert kubectl("get", "--raw", "/healthz") == "ok"
    assert kubectl("get", "--raw", "/readyz?verbose").endswith("readyz check passed\n")
    assert orjson.loads(kubectl("get", "--raw", "/version"))["major"] == "1"
    refused = kubectl("get", "--raw", "/nowhere", code=1)
    assert refused == "Error from server (NotFound): the server could not find the requested resource\n"
