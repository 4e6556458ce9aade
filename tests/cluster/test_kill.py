"""No answered request is lost, whenever the server is killed. `kill_servers.py` by itself does this for longer."""

import subprocess
import sys
from pathlib import Path

SERVERS = Path(__file__).with_name("kill_servers.py")


def test_nothing_answered_is_lost_when_servers_are_killed(tmp_path: Path):
    command = [sys.executable, SERVERS, tmp_path, "--kills", "12"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    summary = run.stdout.splitlines()[-1].split()
    assert summary[:2] == ["12", "kills,"]
    assert int(summary[2]) > 0, "the clients did not come to write, so the kills prove nothing"
