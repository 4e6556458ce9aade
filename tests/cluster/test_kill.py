"""Whatever of a cluster is killed, and whenever, nothing answered is lost and pods go on.

`make test-kill` does this for longer: see `kill_cluster.py` and `kill_servers.py`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def kill(what: str, directory: Path, kills: int) -> str:
    """Play so many rounds, always the same; what was said at the end."""
    command = [sys.executable, "-m", f"cluster.{what}", directory, "--kills", str(kills), "--seed", "1"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TESTS)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout.splitlines()[-1]


@pytest.mark.parametrize(("what", "kills"), [("kill_servers", 12), ("kill_cluster", 8)])
def test_nothing_answered_is_lost_and_pods_go_on(tmp_path: Path, what: str, kills: int):
    summary = kill(what, tmp_path, kills)
    assert summary.startswith(f"{kills} kills")
    assert int(summary.split()[-3]) > 0, "the clients did not come to write, so the kills prove nothing"
