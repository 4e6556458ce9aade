"""The page about the SDK says nothing that is not there."""

import ast
import re
from pathlib import Path

import pytest

from podvisor import sdk

PAGE = (Path(__file__).parents[2] / "docs" / "sdk.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.S)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.strip().splitlines()[0])
def test_code_can_be_compiled(block):
    compile(block, "sdk.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\bsdk((?:\.[A-Za-z_]+)+)", PAGE)) - {".md"}))
def test_every_name_exists(name):
    found: object = sdk
    for part in name.strip(".").split("."):
        found = getattr(found, part)


async def test_any_kind_can_be_read_as_a_mapping(api, client):
    config_maps = sdk.Resource("", "v1", "configmaps", "ConfigMap", dict)
    await client.create(config_maps, {"metadata": {"name": "config"}, "data": {"a": "b"}}, "default")
    listed = await client.list(config_maps)
    assert [one["data"] for one in listed.items] == [{"a": "b"}]
