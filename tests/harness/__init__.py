"""What the black-box tests of `podvisor run` share: programs, and how each is run natively and in a sandbox.

Stands on the standard library and the installed command alone, so that it works from an ordinary user's environment
without a checkout.
"""

from harness.outcome import Outcome
from harness.programs import Program
from harness.runners import Native, Sandboxed

__all__ = ["Native", "Outcome", "Program", "Sandboxed"]
