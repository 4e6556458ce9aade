"""What a host lets a process do: the ways in which a sandbox has to hold."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

INSIDE = (
    "echo 0 >/proc/sys/user/max_user_namespaces &&"
    ' exec setpriv --ambient-caps=-all --inh-caps=-all --bounding-set=-all --no-new-privs "$@"'
)


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to start a command: what stands before it."""

    name: str
    before: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """The programs that this takes."""

    def __str__(self) -> str:
        return self.name

    @property
    def possible(self) -> bool:
        """True if this machine can start a command this way."""
        if not all(shutil.which(word) for word in self.needs):
            return False
        return subprocess.run([*self.before, "true"], capture_output=True, check=False).returncode == 0


PLAIN = Mode("plain")
"""As whoever runs the tests."""

WITHOUT_NAMESPACES = Mode(
    "without_namespaces",
    ("unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c", INSIDE, "sh"),
    ("unshare", "setpriv"),
)
"""In a user namespace in which there can be no others, and without any capability in it."""

REFUSED = Mode("refused", (sys.executable, str(Path(__file__).with_name("refusing.py"))))
"""As whoever runs the tests, root with all capabilities too, where the host refuses every namespace."""


def chosen() -> list[Mode]:
    """The modes to try: the plain one, and with `PODVISOR_TEST_MODES=all` each that this machine can do."""
    if os.environ.get("PODVISOR_TEST_MODES") != "all":
        return [PLAIN]
    return [mode for mode in (PLAIN, WITHOUT_NAMESPACES, REFUSED) if mode.possible]
