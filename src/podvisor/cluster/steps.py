"""What a start says while it happens: a line for each step, with what came of it and how long it took."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

from podvisor.base.clock import Clock


@dataclass(slots=True)
class Step:
    """A step that is being done."""

    result: str = ""
    """What came of it, in a few words."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Tells steps, one line each, to whoever listens."""

    say: Callable[[str], None]
    clock: Clock
    started: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started", self.clock.monotonic())

    @contextmanager
    def step(self, name: str) -> Generator[Step]:
        """Time the block and tell it when it has succeeded."""
        began, step = self.clock.monotonic(), Step()
        yield step
        self.say(f"{name:<14}  {step.result:<48}  {self.clock.monotonic() - began:6.3f} s")

    def total(self) -> float:
        """Seconds since the start."""
        return self.clock.monotonic() - self.started
