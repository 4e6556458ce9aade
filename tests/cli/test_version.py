import subprocess
import sys

from podvisor import __version__


def podvisor(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "podvisor", *arguments], capture_output=True, text=True, check=False)


def test_module_and_command_are_one():
    assert podvisor("--version").stdout == f"podvisor {__version__}\n"


def test_an_unknown_command_is_one_line():
    told = podvisor("frobnicate")
    assert (told.returncode, told.stderr) == (2, "podvisor: No such command 'frobnicate'.\n")


def test_help_lists_every_command_without_importing_it():
    told = podvisor("--help")
    assert [word for word in ("run", "image", "version") if word not in told.stdout] == []
