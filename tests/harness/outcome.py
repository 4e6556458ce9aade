"""What a program did, as far as its caller sees."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """A program's output and exit code. Comparing two is what most tests do."""

    stdout: str
    stderr: str
    code: int

    def without(self, pattern: str) -> "Outcome":
        """The same with everything that matches replaced: numbers that differ from run to run."""
        return Outcome(re.sub(pattern, "…", self.stdout), re.sub(pattern, "…", self.stderr), self.code)
