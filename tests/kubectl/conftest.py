"""kubectl, unmodified, against one control plane for all modules; each test has a namespace of its own."""

import itertools
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import cluster

_numbers = itertools.count()


@dataclass(frozen=True)
class Kubectl:
    """Runs kubectl in one namespace."""

    binary: str
    kubeconfig: Path
    namespace: str

    def __call__(self, *arguments: str, given: str = "", code: int = 0, editor: str = "true") -> str:
        """What it printed, both streams. An exit code other than `code` fails the test."""
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(editor),
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def command(self, *arguments: str) -> Sequence[str]:
        return [self.binary, "--namespace", self.namespace, *arguments]

    def environment(self, editor: str = "true") -> dict[str, str]:
        home = str(self.kubeconfig.parent)
        diff = "diff -u -N"
        config = str(self.kubeconfig)
        return {
            "KUBECONFIG": config,
            "HOME": home,
            "PATH": "/usr/bin:/bin",
            "EDITOR": editor,
            "KUBECTL_EXTERNAL_DIFF": diff,
        }

    def rows(self, *arguments: str) -> list[list[str]]:
        """What it printed, in lines of words."""
        return [line.split() for line in self(*arguments).splitlines()]

    def deployment(self, name: str = "web", replicas: int = 2) -> None:
        """A deployment whose pods run."""
        self("create", "deployment", name, f"--image={name}:1", f"--replicas={replicas}", "--port=80")
        self("rollout", "status", f"deployment/{name}", "--timeout=30s")

    def pod(self, name: str = "one") -> None:
        """A pod that runs."""
        self("run", name, "--image=busybox:1", "--labels=app=one")
        self("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=30s")


@pytest.fixture(scope="package")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with cluster.running(tmp_path_factory.mktemp("cluster")) as path:
        yield path


@pytest.fixture
def kubectl(kubeconfig: Path) -> Kubectl:
    binary = shutil.which("kubectl")
    if binary is None:
        pytest.skip("there is no kubectl on this machine")
    made = Kubectl(binary, kubeconfig, f"test-{next(_numbers)}")
    made("create", "namespace", made.namespace)
    made("wait", "--for=create", "serviceaccount/default", "--timeout=30s")
    return made
