# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""Versions as Semantic Versioning 2.0 orders them (apiserver `library/semverlib.go`)."""

import re
from dataclasses import dataclass

from podvisor.types.cel import values
from podvisor.types.cel.declarations import Overload, function, method, traversal
from podvisor.types.cel.errors import EvaluationError
from podvisor.types.cel.kinds import BOOL, INT, STRING, Type

SEMVER = Type("object", "kubernetes.Semver")
_PART = r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
_FORM = re.compile(
    rf"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-({_PART}(?:\.{_PART})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?\Z",
    re.A,
)
_LOOSE = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?([-+].*)?\Z", re.A)


@dataclass(frozen=True, slots=True)
class Semver:
    """A version; two that differ only in their build are the same."""

    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...]

    def order(self, other: "Semver") -> int:
        """-1, 0 or 1."""
        mine, theirs = _rank(self), _rank(other)
        return (mine > theirs) - (mine < theirs)


values.register(Semver, SEMVER.name)


def _rank(version: Semver) -> tuple[object, ...]:
    # A release stands above its candidates; numbers stand below words and are ordered as numbers.
    parts = [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in version.prerelease]
    return version.major, version.minor, version.patch, not parts, parts


def _parsed(text: str, normalize: bool = False) -> Semver | None:
    if normalize and (loose := _LOOSE.match(text)):
        major, minor, patch, rest = loose.groups()
        text = f"{int(major)}.{int(minor or 0)}.{int(patch or 0)}{rest or ''}"
    found = _FORM.match(text)
    if found is None or any(len(number) > 18 for number in found.groups()[:3]):
        return None
    major, minor, patch = map(int, found.groups()[:3])
    return Semver(major, minor, patch, tuple((found.group(4) or "").split(".")) if found.group(4) else ())


def _semver(text: str, normalize: bool = False) -> Semver:
    version = _parsed(text, normalize)
    if version is None:
        raise EvaluationError(
            "No Major.Minor.Patch elements found" if text.count(".") < 2 else f"invalid semver: {text}"
        )
    return version


def _is_semver(text: str, normalize: bool = False) -> bool:
    return _parsed(text, normalize) is not None


FUNCTIONS: tuple[Overload, ...] = (
    function("semver", (STRING,), SEMVER, _semver, traversal()),
    function("semver", (STRING, BOOL), SEMVER, _semver, traversal()),
    function("isSemver", (STRING,), BOOL, _is_semver, traversal()),
    function("isSemver", (STRING, BOOL), BOOL, _is_semver, traversal()),
    method("isGreaterThan", (SEMVER, SEMVER), BOOL, lambda left, right: left.order(right) > 0),
    method("isLessThan", (SEMVER, SEMVER), BOOL, lambda left, right: left.order(right) < 0),
    method("compareTo", (SEMVER, SEMVER), INT, Semver.order),
    method("major", (SEMVER,), INT, lambda version: version.major),
    method("minor", (SEMVER,), INT, lambda version: version.minor),
    method("patch", (SEMVER,), INT, lambda version: version.patch),
)
