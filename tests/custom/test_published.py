"""Published definitions and their samples: accepted whole, and served as their authors meant them.

The ordinary suite takes those of one project, `make test-published` (PODVISOR_PUBLISHED=all) of all.
"""

import os
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from apiserver.caller import DEFINITIONS, Caller, calling
from custom import modules

PUBLISHED = [
    ("sigs.k8s.io/gateway-api@v1.3.0", "config/crd/experimental/*.yaml", "examples/**/*.yaml"),
    (
        "github.com/prometheus-operator/prometheus-operator@v0.82.2",
        "example/prometheus-operator-crd-full/*.yaml",
        "example/**/*.yaml",
    ),
    ("sigs.k8s.io/agent-sandbox@v0.1.0", "**/crds/*.yaml", "examples/**/*.yaml"),
]
CHOSEN = PUBLISHED if os.environ.get("PODVISOR_PUBLISHED") == "all" else PUBLISHED[-1:]
UNFIT = ("invalid", "bad-", "-bad", "overlays", "scrapeclass-example-servicemonitor")
"""In the names of samples that are there to be refused, are parts of others, or lack what their definition requires."""


@pytest.fixture
async def api() -> AsyncGenerator[Caller]:
    async with calling() as api:
        yield api


@pytest.mark.parametrize(("module", "definitions", "samples"), CHOSEN, ids=lambda value: value.split("@")[0])
async def test_published_definitions_and_their_samples_are_accepted(api, module, definitions, samples):
    root = modules.directory(module)
    paths: dict[tuple[str, str], str] = {}
    for _, found in modules.documents(root, definitions):
        if found["kind"] == "CustomResourceDefinition":
            paths |= await _define(api, found)
    assert paths
    refused: list[str] = []
    for path, sample in modules.documents(root, samples):
        target = paths.get((sample["apiVersion"], sample["kind"]))
        if target is None or any(word in str(path) for word in UNFIT):
            continue
        sample["metadata"].pop("namespace", None)
        reply = await api.post(target, sample)
        if reply.code not in (201, 409):
            refused.append(f"{path.relative_to(root)}: {reply.message}")
    assert not refused


async def _define(api: Caller, definition: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Create a definition; where the objects of each of its kinds belong."""
    await api.define(definition)
    spec = definition["spec"]
    space = "namespaces/default/" if spec["scope"] == "Namespaced" else ""
    found = (await api.get(f"{DEFINITIONS}/{definition['metadata']['name']}")).body
    assert found["spec"]["versions"][0]["schema"] == definition["spec"]["versions"][0]["schema"]
    return {
        (f"{spec['group']}/{one['name']}", spec["names"]["kind"]): (
            f"/apis/{spec['group']}/{one['name']}/{space}{spec['names']['plural']}"
        )
        for one in spec["versions"]
        if one["served"]
    }
