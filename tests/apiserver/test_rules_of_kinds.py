"""Each rule of each kind: who breaks it is told so, in the real server's words."""

import importlib
import pkgutil
from types import ModuleType
from typing import Any

import pytest

from apiserver import validation
from apiserver.validation import samples
from podvisor.types import field, rules

MODULES = [
    importlib.import_module(f"apiserver.validation.{module.name}")
    for module in pkgutil.iter_modules(validation.__path__)
    if module.name != "samples"
]


def named(attribute: str) -> list[Any]:
    """The samples of all kinds, with ids that say which."""
    return [
        pytest.param(module.BASE, *sample, id=f"{module.__name__.rpartition('.')[2]}-{index}")
        for module in MODULES
        for index, sample in enumerate(getattr(module, attribute))
    ]


FILLED = (
    "httpGet.path",
    "dnsPolicy",
    "restartPolicy",
    "pullPolicy",
    "externalTrafficPolicy",
    "sessionAffinity",
    "sessionAffinityConfig",
    "spec.type",
    "ports.protocol",
    "onPodConditions.status",
    "parameters.scope",
)
"""Fields that the defaults fill in or take away, so that no object can lack or have them."""
TOO_LARGE = (
    "_size",
    "max_bytes(4095)",
    "max_bytes(65536)",
    "max_items(1000)",
    "max_items(20000)",
    "at_most(1024)",
    "_generated_selector",
    "unique_by('type', 'address')",
    "forbidden_change",
)
"""Rules whose sample would fill pages, or be about an object's uid."""


@pytest.mark.parametrize(("base", "mistake", "causes"), named("MISTAKES"))
def test_mistakes_are_named(base: Any, mistake: Any, causes: list[samples.Cause]) -> None:
    found = samples.refusal(samples.merged(base, mistake))
    assert samples.same(found, causes), found


@pytest.mark.parametrize(("base", "before", "change", "causes"), named("CHANGES"))
def test_changes_are_refused(base: Any, before: Any, change: Any, causes: list[samples.Cause]) -> None:
    found = samples.refused_change(samples.merged(base, before), change)
    assert samples.same(found, causes), found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_what_is_right_is_not_refused(module: ModuleType) -> None:
    assert samples.refusal(module.BASE) == []


def test_each_rule_is_broken_by_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that no sample breaks is a rule of which nobody knows whether it works."""
    broken: set[int] = set()
    check = rules.Check.check

    def watched(rule: rules.Check, at: rules.At) -> list[field.Error]:
        found = list(check(rule, at))
        if found:
            broken.add(id(rule))
        return found

    monkeypatch.setattr(rules.Check, "check", watched)
    for module in MODULES:
        for mistake, _ in module.MISTAKES:
            samples.refusal(samples.merged(module.BASE, mistake))
        for before, change, _ in module.CHANGES:
            samples.refused_change(samples.merged(module.BASE, before), change)
    missed = {
        f"{path} {rule}"
        for module in MODULES
        for path, rule in rules.leaves(samples.resource_of(module.BASE).rules)
        if id(rule) not in broken and not path.endswith(FILLED) and repr(rule) not in TOO_LARGE
    }
    assert missed == set()
