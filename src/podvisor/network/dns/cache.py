"""Answers that were given, for questions that are asked again: most are, many times a second.

What is kept is forgotten with any change of the cluster, so that nothing is older than without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

_KEPT = 4096
"""Questions whose answers are kept."""
_LONGEST = 300
"""Bytes of a question that is kept: those of clients are shorter."""
_ORDERS = 8
"""Orders of the addresses of one answer, which are given in turn."""


@dataclass(slots=True)
class _Kept:
    answers: list[bytes]
    wanted: int
    turn: int = 0


@dataclass(slots=True)
class Cache:
    """Answers by UDP. `version` says how often the cluster has changed."""

    version: Callable[[], int]
    _seen: int = -1
    _kept: dict[bytes, _Kept] = field(default_factory=dict[bytes, "_Kept"])

    def get(self, message: bytes) -> bytes | None:
        """The answer to a message, with its number; None where it is to be made."""
        if (now := self.version()) != self._seen:
            self._seen = now
            self._kept.clear()
        kept = self._kept.get(message[2:])
        if kept is None or len(kept.answers) < kept.wanted:
            return None
        kept.turn = (kept.turn + 1) % kept.wanted
        return message[:2] + kept.answers[kept.turn]

    def put(self, message: bytes, answer: bytes) -> None:
        """Keep an answer that was just made; of one with several records, several, which differ in their order."""
        if len(message) > _LONGEST:
            return
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        several = int.from_bytes(answer[6:8], "big") > 1
        kept = self._kept.setdefault(message[2:], _Kept([], _ORDERS if several else 1))
        if len(kept.answers) < kept.wanted:
            kept.answers.append(answer[2:])
