"""`podvisor demo`, from outside."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from harness import registry as registries
from podvisor.tour import processes

DEMO = [sys.executable, "-m", "podvisor", "demo"]


@pytest.fixture
def place(tmp_path: Path) -> Generator[Path]:
    """Where temporary files go; the test ends with none of them left, and no process that works on one."""
    yield tmp_path
    assert list(tmp_path.iterdir()) == []
    assert [command for command in commands() if str(tmp_path) in command] == []


def commands() -> Generator[str]:
    """The command lines of everything that runs."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes().replace(b"\0", b" ").decode(errors="replace")


def demo(place: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMPDIR": str(place), **variables}
    return subprocess.Popen(
        [*DEMO, *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def image(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    """The name of an image at a registry; none where this machine has no registry to run."""
    if any(shutil.which(program) is None for program in registries.PROGRAMS):
        yield ""
        return
    work = tmp_path_factory.mktemp("image")
    says = ("--config.entrypoint=/bin/cat", "--config.cmd=/marker", "--config.user=app")
    layout = registries.layout(work, registries.busybox_tree(work / "tree"), *says)
    with registries.served(tmp_path_factory.mktemp("registry")) as registry:
        yield registry.push(layout, "team/app")


def test_every_step_does_what_it_should_with_our_own_client(place: Path, image: str) -> None:
    told, errors = (running := demo(place, "--own-client", "--image", image)).communicate()
    assert (running.returncode, errors) == (0, ""), told
    assert "FAIL" not in told
    assert (f"A real image ({image})" in told) == bool(image)
    assert "\033" not in told
    assert all(words in told for words in ("got containers", "version 2 from web-", "read /etc/shadow", "no cgroups"))


def test_a_kernel_that_does_not_start_is_told_and_ends_the_tour_with_exit_code_1(place: Path) -> None:
    told, errors = (running := demo(place, PODVISOR_SANDBOX="/bin/false")).communicate()
    assert (running.returncode, errors) == (1, ""), told
    assert "FAIL a pipeline" in told
    assert "4 of 4 steps failed" in told


@pytest.mark.parametrize(
    ("moment", "number", "code"),
    [("A cluster starts", signal.SIGTERM, 143), ("  ok   two containers and a FIFO", signal.SIGINT, 130)],
)
def test_a_tour_that_is_broken_off_leaves_nothing_behind(place: Path, moment: str, number: int, code: int) -> None:
    with demo(place, "--own-client") as running:
        assert running.stdout is not None
        assert any(line.startswith(moment) for line in running.stdout)
        met = processes.below(running.pid)
        running.send_signal(number)
        running.stdout.read()
        assert running.wait() == code
    assert not [one.name for one in met if one.is_there]


def test_the_examples_can_be_found() -> None:
    told = subprocess.run([*DEMO, "--examples"], capture_output=True, text=True, check=True).stdout.strip()
    assert (Path(told) / "fifo.yaml").is_file()
