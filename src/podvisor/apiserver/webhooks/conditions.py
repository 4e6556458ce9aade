"""Match conditions of webhooks: expressions that say whether a webhook is asked.

Decides what they may speak of; `calls` runs them.
"""

from functools import lru_cache

from podvisor.apiserver.policies import compiling, environment
from podvisor.apiserver.policies.compiling import Expression

VARIABLES = environment.declared()


@lru_cache(maxsize=1024)
def compiled(expression: str) -> Expression:
    """The condition, ready to run."""
    return compiling.compile(expression, VARIABLES, compiling.BOOL)
