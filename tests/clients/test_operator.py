"""The operator of `examples/operator`, run by kopf, with its definition applied by kubectl."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("kopf")

EXAMPLE = Path(__file__).parent.parent.parent / "examples" / "operator"
PATIENCE = "60s"


class Kubectl:
    def __init__(self, kubeconfig: Path) -> None:
        self.environment = {"KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent), "PATH": ""}
        self.binary = shutil.which("kubectl") or pytest.skip("there is no kubectl on this machine")

    def __call__(self, *arguments: str, code: int = 0) -> str:
        command = [self.binary, *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, timeout=90)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def kubectl(kubeconfig: Path) -> Kubectl:
    return Kubectl(kubeconfig)


@pytest.fixture
def pages(kubectl: Kubectl) -> None:
    """The kind, which stays for the other tests."""
    kubectl("apply", "-f", str(EXAMPLE / "crd.yaml"))
    kubectl("wait", "--for=condition=established", f"--timeout={PATIENCE}", "crd/pages.example.com")


@pytest.fixture
def operator(kubectl: Kubectl, pages: None, tmp_path: Path) -> Iterator[None]:
    """The operator, while a test runs."""
    command = [sys.executable, "-m", "kopf", "run", "--all-namespaces", str(EXAMPLE / "operator.py")]
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(command, env=kubectl.environment, stdout=log, stderr=log)
        yield
        running.terminate()
        running.wait(60)


def test_an_operator_for_a_kind_of_its_own(kubectl: Kubectl, operator: None) -> None:
    page = str(EXAMPLE / "page.yaml")
    kubectl("apply", "-f", page)
    kubectl("wait", "--for=jsonpath={.status.ready}=true", f"--timeout={PATIENCE}", "page/home")
    assert "Welcome (en)" in kubectl("get", "configmap", "home", "-o", "jsonpath={.data.page}")
    assert "kopf.zalando.org" in kubectl("get", "pg", "home", "-o", "jsonpath={.metadata.finalizers}")
    lines = kubectl("get", "pages", "--field-selector", "spec.language=en").splitlines()
    assert [line.split()[:3] for line in lines] == [["NAME", "TITLE", "READY"], ["home", "Welcome", "true"]]
    assert "page.example.com/home" in kubectl("get", "all")
    assert "What stands above the text." in kubectl("explain", "page.spec.title")
    refused = kubectl("patch", "page", "home", "--type=merge", "-p", '{"spec":{"title":"Other"}}', code=1)
    assert "the text must begin with the title" in refused
    kubectl("delete", "page", "home", f"--timeout={PATIENCE}")
    kubectl("wait", "--for=delete", f"--timeout={PATIENCE}", "configmap/home")


def test_a_namespace_takes_its_custom_objects_with_it(kubectl: Kubectl, pages: None, name: str) -> None:
    kubectl("create", "namespace", name)
    kubectl("apply", "-n", name, "-f", str(EXAMPLE / "page.yaml"))
    kubectl("delete", "namespace", name, f"--timeout={PATIENCE}")
    assert "No resources found" in kubectl("get", "pages", "-n", name)


def test_custom_objects_are_applied_again_and_again(kubectl: Kubectl, pages: None, tmp_path: Path, name: str) -> None:
    kubectl("create", "namespace", name)
    path = tmp_path / "page.yaml"
    text = (EXAMPLE / "page.yaml").read_text()
    for title, answer in (("Welcome", "created"), ("Welcome", "unchanged"), ("Wel", "configured")):
        path.write_text(text.replace("title: Welcome", f"title: {title}"))
        assert answer in kubectl("apply", "-n", name, "-f", str(path))
    assert 'unknown field "spec.colour"' in kubectl("apply", "-n", name, "-f", str(_with(path, "colour: red")), code=1)
    assert kubectl("get", "page", "home", "-n", name, "-o", "jsonpath={.metadata.generation}") == "2"


def _with(path: Path, line: str) -> Path:
    path.write_text(path.read_text() + f"  {line}\n")
    return path
