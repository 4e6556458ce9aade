"""Programs of the machine, unmodified, behave in a sandbox as they do on Linux."""

import os

import pytest

from harness import Native, Program, Sandboxed, catalogue


@pytest.mark.parametrize("program", catalogue.everything(), ids=str)
def test_behaves_as_on_linux(program: Program, native: Native, sandboxed: Sandboxed):
    if not program.is_here:
        pytest.skip(f"{program.argv[0]} is not installed")
    if program.as_root and os.getuid() != 0:
        pytest.skip("only root can try it on Linux")
    assert sandboxed(program) == native(program)
