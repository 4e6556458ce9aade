"""How much memory a process and all below it use, as proc(5) tells it: proportional shares, so that sums are true."""

from pathlib import Path


def memory(pid: int) -> int:
    """Bytes (PSS) of a process and its descendants; those that another user owns are left out."""
    return _own(pid) + sum(memory(child) for child in _children(pid))


def _own(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, children.read_text().split())
        except OSError:
            continue
    return found
