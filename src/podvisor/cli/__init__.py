"""The command `podvisor`.

Decides how flags, files and `PODVISOR_*` become settings, and how results are printed. Decides nothing else.
Nobody calls it but the user.
"""

from podvisor import __version__


def main() -> None:
    """Run the command line of this process."""
    print(f"podvisor {__version__}")
