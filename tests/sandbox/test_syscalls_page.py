"""docs/syscalls.md says what the kernel says."""

import subprocess
import sys
from pathlib import Path

from podvisor.sandbox import binary

TOP = Path(__file__).parents[2]


def test_the_page_is_what_its_tool_makes():
    tool = [sys.executable, TOP / "tools/syscalls", binary.find()]
    made = subprocess.run(tool, check=True, capture_output=True, text=True).stdout
    assert (TOP / "docs/syscalls.md").read_text() == made, "make it anew: CONTRIBUTING.md, A system call"
