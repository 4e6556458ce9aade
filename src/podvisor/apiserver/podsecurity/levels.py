"""What the labels of a namespace ask for: a level and a version to enforce, to audit and to warn of.

https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from podvisor.types import field as fields
from podvisor.types.field import Error, Path

Level = Literal["privileged", "baseline", "restricted"]
LEVELS: Sequence[Level] = ("privileged", "baseline", "restricted")
"""From the one that allows everything to the one that allows least."""
LATEST = 10**6
"""The minor version that stands for the latest."""
_PREFIX = "pod-security.kubernetes.io/"
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Standard:
    """A level as one minor version of Kubernetes defines it."""

    level: Level = "privileged"
    minor: int = LATEST

    def __str__(self) -> str:
        return f"{self.level}:{'latest' if self.minor == LATEST else f'v1.{self.minor}'}"

    def same(self, other: "Standard") -> bool:
        """True if both allow the same pods."""
        return self == other or self.level == other.level == "privileged"


@dataclass(frozen=True, slots=True)
class Standards:
    """What holds in a namespace."""

    enforce: Standard = field(default_factory=Standard)
    audit: Standard = field(default_factory=Standard)
    warn: Standard = field(default_factory=Standard)

    @property
    def allows_all(self) -> bool:
        """True if nothing is refused, and nobody is told of anything."""
        return self.enforce.level == self.audit.level == self.warn.level == "privileged"


@dataclass(frozen=True, slots=True)
class Exemptions:
    """Whom the standards do not concern."""

    usernames: frozenset[str] = frozenset()
    namespaces: frozenset[str] = frozenset()
    runtime_classes: frozenset[str] = frozenset()


def stricter(one: Level, other: Level) -> bool:
    """True if `one` allows less."""
    return LEVELS.index(one) > LEVELS.index(other)


def of_labels(labels: Mapping[str, str], defaults: Standards) -> tuple[Standards, Sequence[Error]]:
    """What holds, and what is wrong with the labels. What cannot be read is `restricted` where it is enforced."""
    errors: list[Error] = []
    enforce = _standard("enforce", labels, defaults.enforce, errors)
    audit = _standard("audit", labels, defaults.audit, errors)
    warn = _standard("warn", labels, defaults.warn, errors)
    if (
        f"{_PREFIX}warn" not in labels
        and labels.get(f"{_PREFIX}enforce") in LEVELS
        and stricter(enforce.level, warn.level)
    ):
        warn = Standard(enforce.level, warn.minor if f"{_PREFIX}warn-version" in labels else enforce.minor)
    return Standards(enforce, audit, warn), errors


def labelled(mode: str, labels: Mapping[str, str]) -> bool:
    """True if a namespace says something of a mode itself."""
    return f"{_PREFIX}{mode}" in labels or f"{_PREFIX}{mode}-version" in labels


def _standard(mode: str, labels: Mapping[str, str], found: Standard, errors: list[Error]) -> Standard:
    path = Path("metadata.labels")
    level, version = f"{_PREFIX}{mode}", f"{_PREFIX}{mode}-version"
    if (given := labels.get(level)) is not None:
        if given in LEVELS:
            found = replace(found, level=cast(Level, given))
        else:
            errors.append(fields.invalid(path.key(level), given, f"must be one of {', '.join(LEVELS)}"))
            found = replace(found, level="restricted" if mode == "enforce" else "privileged")
    if (given := labels.get(version)) is not None:
        minor = _minor(given)
        if minor is None:
            errors.append(fields.invalid(path.key(version), given, 'must be "latest" or "v1.x"'))
        found = replace(found, minor=LATEST if minor is None else minor)
    return found


def _minor(version: str) -> int | None:
    if version == "latest":
        return LATEST
    matched = _VERSION.fullmatch(version)
    return min(int(matched[1][:6]), LATEST - 1) if matched else None
