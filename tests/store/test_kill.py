"""No acknowledged write is lost, whenever the writer is killed."""

import subprocess
import sys
from pathlib import Path

WRITERS = Path(__file__).with_name("kill_writers.py")


def test_nothing_acknowledged_is_lost_in_200_kills(tmp_path: Path):
    run = subprocess.run(
        [sys.executable, WRITERS, tmp_path, "--kills", "200"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    summary = run.stdout.splitlines()[-1].split()
    assert summary[:2] == ["200", "kills,"]
    assert int(summary[2]) > 200, "the writers hardly came to write, so the kills prove nothing"
