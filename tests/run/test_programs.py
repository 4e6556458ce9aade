"""Programs of the machine, unmodified, behave in a sandbox as they do on Linux."""

import pytest

from harness import Native, Program, Sandboxed, catalogue

KERNEL_IS_MISSING = True


@pytest.mark.parametrize("program", catalogue.everything(), ids=str)
def test_ends_by_itself_on_linux(program: Program, native: Native):
    if not program.is_here:
        pytest.skip(f"{program.argv[0]} is not installed")
    first, second = native(program), native(program)
    assert first == second, "a program must print the same each time to be compared"


@pytest.mark.xfail(KERNEL_IS_MISSING, reason="the kernel runs no program yet", strict=True)
@pytest.mark.parametrize("program", catalogue.everything(), ids=str)
def test_behaves_as_on_linux(program: Program, native: Native, sandboxed: Sandboxed):
    if not program.is_here:
        pytest.skip(f"{program.argv[0]} is not installed")
    assert sandboxed(program) == native(program)
