"""Removing a directory that a pod has filled, whatever it has made there."""

import logging
import shutil
import subprocess
from pathlib import Path

log = logging.getLogger(__name__)


def remove(directory: Path) -> None:
    """Remove a tree, however deep. What cannot be removed is logged and left. Blocks for as long as that takes."""
    try:
        shutil.rmtree(directory)
    except FileNotFoundError:
        return
    except (OSError, RecursionError):
        # Python goes down a tree by recursion, and stops at the first error; rm(1) does neither.
        done = subprocess.run(["rm", "-rf", "--", str(directory)], stderr=subprocess.PIPE, check=False, text=True)
        if done.returncode:
            log.warning("%s", done.stderr.strip().partition("\n")[0])
