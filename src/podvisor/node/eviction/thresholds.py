"""What an operator says of when pods are to be evicted: `memory.available<100Mi,nodefs.available<10%`.

https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/#eviction-thresholds
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from podvisor.types import quantity

SIGNALS: Mapping[str, tuple[str, str]] = {
    "memory.available": ("MemoryPressure", "memory"),
    "nodefs.available": ("DiskPressure", "ephemeral-storage"),
    "nodefs.inodesFree": ("DiskPressure", "inodes"),
    "imagefs.available": ("DiskPressure", "ephemeral-storage"),
    "imagefs.inodesFree": ("DiskPressure", "inodes"),
    "pid.available": ("PIDPressure", "pids"),
}
"""The node's condition and the resource that each signal is about."""


class BadThreshold(ValueError):
    """A setting that makes no sense; the text says which part of it."""


@dataclass(frozen=True, slots=True)
class Amount:
    """A fixed amount, or a share of what there is."""

    fixed: int = 0
    share: float = 0.0

    def of(self, capacity: int) -> int:
        """What it comes to."""
        return self.fixed or int(self.share * capacity)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Pressure begins where less than this is available."""

    signal: str
    value: Amount
    grace: timedelta = timedelta()
    """For how long it must be so before a pod ends; none for a hard threshold."""
    reclaim: Amount = Amount()
    """How much more than the value must be available before it is over."""

    @property
    def is_hard(self) -> bool:
        """True if pods end at once."""
        return not self.grace

    @property
    def condition(self) -> str:
        """The node's condition that it makes true."""
        return SIGNALS[self.signal][0]

    @property
    def resource(self) -> str:
        """What is short."""
        return SIGNALS[self.signal][1]


HARD = "memory.available<100Mi,nodefs.available<5%,nodefs.inodesFree<5%,imagefs.available<5%,imagefs.inodesFree<5%"
"""Unless the operator says otherwise. A kubelet wants 10 % and 15 % of its disks, which a machine that somebody works
on often does not have; k3s has the same 5 %."""


@dataclass(frozen=True, slots=True)
class Settings:
    """When pods are evicted, as the kubelet's flags `--eviction-...` say it."""

    thresholds: Sequence[Threshold] = ()
    transition: timedelta = timedelta(minutes=5)
    """How long a condition stays after its last cause (`--eviction-pressure-transition-period`)."""
    max_grace: int = 0
    """The grace period of pods that end by a soft threshold (`--eviction-max-pod-grace-period`)."""


def settings(hard: str = HARD, soft: str = "", grace: str = "", reclaim: str = "") -> Settings:
    """Read the flags. Raises BadThreshold."""
    periods = {signal: _period(signal, text) for signal, text in _pairs(grace, "=")}
    least = {signal: _amount(signal, text) for signal, text in _pairs(reclaim, "=")}
    found: list[Threshold] = []
    for signal, text in _pairs(hard, "<"):
        if text not in ("0%", "100%"):  # These switch a signal off.
            found.append(Threshold(signal, _amount(signal, text)))
    for signal, text in _pairs(soft, "<"):
        if signal not in periods:
            raise BadThreshold(f"grace period must be specified for the soft eviction threshold {signal}")
        if text not in ("0%", "100%"):
            found.append(Threshold(signal, _amount(signal, text), periods[signal]))
    return Settings([replace(one, reclaim=least.get(one.signal, Amount())) for one in found])


def _pairs(text: str, operator: str) -> Sequence[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        signal, found, value = (word.strip() for word in part.partition(operator))
        if not found or not value:
            raise BadThreshold(f"{part!r} should be of the form signal{operator}value")
        if signal not in SIGNALS:
            raise BadThreshold(f"unsupported eviction signal {signal}")
        pairs.append((signal, value))
    return pairs


def _amount(signal: str, text: str) -> Amount:
    try:
        if text.endswith("%"):
            share = float(text[:-1]) / 100
            if not 0 <= share <= 1:
                raise BadThreshold(f"eviction percentage threshold {signal} must be between 0% and 100%: {text}")
            return Amount(share=share)
        fixed = quantity.parse(text).value
    except BadThreshold:
        raise
    except ValueError as error:
        raise BadThreshold(f"eviction threshold {signal}: {text!r} is neither a quantity nor a percentage") from error
    if fixed <= 0:
        raise BadThreshold(f"eviction threshold {signal} must be positive: {text}")
    return Amount(fixed)


def _period(signal: str, text: str) -> timedelta:
    """A length of time as Go writes it: `1m30s`."""
    total, number = 0.0, ""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    for letter in text:
        if letter in units and number:
            total, number = total + float(number) * units[letter], ""
        elif letter.isdecimal() or letter == ".":
            number += letter
        else:
            break
    else:
        if not number and total > 0:
            return timedelta(seconds=total)
    raise BadThreshold(f"invalid eviction grace period for {signal}: {text!r}")


@dataclass(frozen=True, slots=True)
class Observation:
    """How much of something there is, and how much is left."""

    available: int
    capacity: int


Observations = Mapping[str, Observation]
"""By signal; one that cannot be observed is not there."""
