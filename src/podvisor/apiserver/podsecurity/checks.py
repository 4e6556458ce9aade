"""Which checks a level has in a version, and what they say together (`policy/registry.go`)."""

from collections.abc import Mapping, Sequence
from functools import cache

from podvisor.apiserver.podsecurity import baseline, restricted
from podvisor.apiserver.podsecurity.levels import Standard
from podvisor.apiserver.podsecurity.words import Check, Pod, Refusal

_Table = Mapping[str, tuple[tuple[int, Check], ...]]


def refusals(standard: Standard, pod: Pod) -> Sequence[Refusal]:
    """Why the standard does not allow the pod; empty if it does."""
    return [found for check in _checks(standard) if (found := check(pod)) is not None]


def said(found: Sequence[Refusal]) -> str:
    """All reasons with their details."""
    return ", ".join(map(str, found))


@cache
def _checks(standard: Standard) -> Sequence[Check]:
    if standard.level == "privileged":
        return ()
    own: Mapping[str, Check] = {}
    if standard.level == "restricted":
        own = _in_version(restricted.CHECKS, standard.minor)
    replaced = {restricted.OVERRIDES.get(name) for name in own}
    shared = _in_version(baseline.CHECKS, standard.minor)
    return [*(check for name, check in shared.items() if name not in replaced), *own.values()]


def _in_version(table: _Table, minor: int) -> Mapping[str, Check]:
    found: dict[str, Check] = {}
    for name, versions in table.items():
        for since, check in versions:
            if since <= minor:
                found[name] = check
    return found
