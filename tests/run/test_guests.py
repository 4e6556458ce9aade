"""The small programs of `crates/guests` see in a sandbox what they see on Linux."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import Native, Program, Sandboxed

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = REPOSITORY / "crates" / "guests" / "src"


def names() -> list[str]:
    """The programs, as the sources list them."""
    listed = (re.findall(r'\("(\w+/\w+)", \w+\)', source.read_text()) for source in SOURCES.glob("*.rs"))
    return sorted(name for family in listed for name in family)


@pytest.fixture(scope="session")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program in a directory of its own, which sandboxes see under the same name."""
    if shutil.which("cargo") is None:
        pytest.skip("building the programs needs a Rust toolchain")
    subprocess.run(["cargo", "build", "--quiet", "--release", "-p", "podvisor-guests"], cwd=REPOSITORY, check=True)
    directory = tmp_path_factory.mktemp("guests")
    shutil.copy2(REPOSITORY / "target" / "release" / "podvisor-guests", directory)
    return directory


@pytest.mark.parametrize("name", names())
def test_sees_what_it_sees_on_linux(name: str, guests: Path, native: Native, sandboxed: Sandboxed):
    program = Program(name, (str(guests / "podvisor-guests"), name))
    assert sandboxed(program, "--mount", f"{guests}:{guests}:ro") == native(program)
