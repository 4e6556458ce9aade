"""Kubernetes' own patch libraries as a judge: a small Go program, built once from published modules."""

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

_SOURCE = Path(__file__).parent / "judge"
_BINARY = Path(sys.prefix) / "patch-judge"
_BUILD_SECONDS, _SECONDS = 600, 120


def answers(questions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the libraries make of each question: `result` or `error`."""
    asked = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([_built()], input=asked.encode(), stdout=subprocess.PIPE, check=True, timeout=_SECONDS)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _built() -> Path:
    """The program, built where its source is newer; skips the test on a machine without Go."""
    with (_SOURCE.parent / "judge.py").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        newest = max(path.stat().st_mtime for path in _SOURCE.iterdir())
        if not _BINARY.exists() or _BINARY.stat().st_mtime < newest:
            _build()
    return _BINARY


def _build() -> None:
    go = shutil.which("go")
    if go is None:
        pytest.skip("needs go, to build Kubernetes' own patch libraries as a judge")
    command = [go, "build", "-o", str(_BINARY), "."]
    built = subprocess.run(command, cwd=_SOURCE, capture_output=True, text=True, check=False, timeout=_BUILD_SECONDS)
    assert built.returncode == 0, built.stderr
