"""Regular expressions of those who may not hold the server: RE2's syntax, which is Go's, and time linear in the text.

Python's own `re` goes back and forth without end over `(a+)+$`; whatever comes from a client is matched here.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, cast

import re2  # pyright: ignore[reportMissingTypeStubs, reportMissingImports]

_engine = cast(Any, re2)


class InvalidPattern(ValueError):
    """This is no regular expression."""


class Pattern:
    """A compiled expression, matched anywhere in a text unless it is anchored itself."""

    __slots__ = ("_compiled",)

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def matches(self, text: str) -> bool:
        """True if the expression is found in the text."""
        return self._compiled.search(text) is not None

    def find(self, text: str) -> str:
        """What is found first, "" if nothing is."""
        found = self._compiled.search(text)
        return "" if found is None else found.group()

    def find_all(self, text: str) -> Iterator[str]:
        """Everything that is found, one after the other; nothing empty right behind what was found before."""
        end = -1
        for found in self._compiled.finditer(text):
            if found.start() != found.end() or found.start() != end:
                yield found.group()
            end = found.end()


@lru_cache(maxsize=1024)
def compile(pattern: str) -> Pattern:
    """Raises InvalidPattern with Go's words."""
    options = _engine.Options()
    options.log_errors = False
    try:
        return Pattern(_engine.compile(pattern, options))
    except _engine.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise InvalidPattern(f"error parsing regexp: {_in_words_of_go(reason)}") from None


def _in_words_of_go(reason: str) -> str:
    what, _, where = reason.partition(": ")
    what = {"missing )": "missing closing )", "missing ]": "missing closing ]"}.get(what, what)
    return f"{what}: `{where}`" if where else what
