"""Two thousand pipelines with traps and background jobs on a loaded machine: no hang, no spurious EINTR.

A handler that runs in the wrong moment makes even close(2) and fork(2) fail with EINTR, and dash then waits for ever;
so every pipeline here has signals arriving in all of its processes.
"""

import os
import subprocess

import pytest

from harness import Sandboxed

ROUNDS = int(os.environ.get("PODVISOR_TEST_PIPELINES", "250"))
"""Of four pipelines each, in each of two shells: two thousand."""

SCRIPT = """
got=0
trap 'got=$((got + 1))' USR1
trap ':' CHLD
i=0
while [ $i -lt "$1" ]; do
    (kill -USR1 $$) &
    a=$(echo $i | cat | tr 0-9 a-j | (read -r x; echo "$x"; exit 3))
    b=$(printf '%s\\n' one two three | grep -v two | wc -l)
    (trap 'exit 4' TERM; kill -TERM $(sh -c 'echo $PPID')) | cat
    seq 1 50 | sort -rn | head -n 1 >/dev/null
    wait
    [ "$b" -eq 2 ] || { echo "round $i: b is $b"; exit 1; }
    [ -n "$a" ] || { echo "round $i: a is empty"; exit 1; }
    i=$((i + 1))
done
[ $got -gt 0 ] && echo "$i rounds"
"""


@pytest.fixture
def load():
    """Something else to do for every processor."""
    workers = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(os.cpu_count() or 1)]
    yield
    for worker in workers:
        worker.kill()
        worker.wait()


@pytest.mark.usefixtures("load")
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_pipelines_with_traps_neither_hang_nor_fail(sandboxed: Sandboxed, shell: str):
    outcome = sandboxed.run("--", shell, "-c", SCRIPT, shell, str(ROUNDS))
    assert (outcome.stdout, outcome.stderr, outcome.code) == (f"{ROUNDS} rounds\n", "", 0)
