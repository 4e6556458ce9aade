"""What a host lets a process do: the ways in which a sandbox has to hold."""

import os
import shutil
import subprocess
from dataclasses import dataclass

INSIDE = (
    "echo 0 >/proc/sys/user/max_user_namespaces &&"
    ' exec setpriv --ambient-caps=-all --inh-caps=-all --bounding-set=-all --no-new-privs "$@"'
)


@dataclass(frozen=True, slots=True)
class Mode:
    """A way to start a command: what stands before it."""

    name: str
    before: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def possible(self) -> bool:
        """True if this machine can start a command this way."""
        if not all(shutil.which(word) for word in ("unshare", "setpriv")):
            return not self.before
        return subprocess.run([*self.before, "true"], capture_output=True, check=False).returncode == 0


PLAIN = Mode("plain")
"""As whoever runs the tests."""

WITHOUT_NAMESPACES = Mode(
    "without_namespaces", ("unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c", INSIDE, "sh")
)
"""In a user namespace in which there can be no others, and without any capability in it."""


def chosen() -> list[Mode]:
    """The modes to try: the plain one, and with `PODVISOR_TEST_MODES=all` each that this machine can do."""
    if os.environ.get("PODVISOR_TEST_MODES") != "all":
        return [PLAIN]
    return [mode for mode in (PLAIN, WITHOUT_NAMESPACES) if mode.possible]
