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
def operator(kubectl: Kubectl, tmp_path: Path) -> Iterator[None]:
    """The operator, while a test runs."""
    kubectl("apply", "-f", str(EXAMPLE / "crd.yaml"))
    kubectl("wait", "--for=condition=established", f"--timeout={PATIENCE}", "crd/pages.example.com")
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
