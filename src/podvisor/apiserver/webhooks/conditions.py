"""Match conditions of webhooks: expressions that say whether a webhook is asked.

Decides whether they are well formed; `calls` runs them.
"""

from functools import lru_cache

from podvisor.apiserver.policies import compiling, environment
from podvisor.types import cel

VARIABLES = environment.declared()


@lru_cache(maxsize=1024)
def compiled(expression: str) -> cel.Program:
    """The condition, ready to run. Raises EvaluationError for one that cannot be run."""
    made = compiling.compile(expression, VARIABLES, compiling.BOOL)
    if made.program is None:
        raise cel.EvaluationError(f"compilation error: {made.error}")
    return made.program
