"""The command `podvisor`.

Decides how flags, files and `PODVISOR_*` become settings, and how results are printed. Decides nothing else.
Nobody calls it but the user.
"""

from podvisor.cli.main import main

__all__ = ["main"]
