"""YAML bodies, read as Kubernetes reads them: a date is a string, a key that is a number becomes its text.

A thread does the work, since a large document takes seconds. libyaml bounds how deep a document may be; how large its
aliases make it is bounded here.
"""

import asyncio
from typing import Any, cast

import orjson
import yaml

from podvisor.types import status

MOST = 400_000
"""Values in a document whose aliases more than double it, as in the real server's library (yaml.v2)."""


_UNTYPED = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value")
"""What plain text is not read as: a date, and `=`, which PyYAML knows and cannot construct."""


class _Loader(yaml.CSafeLoader):
    """The safe loader, without these."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _UNTYPED]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


async def to_json(body: bytes) -> bytes:
    """YAML as JSON. Raises BadRequest."""
    try:
        return await asyncio.to_thread(_to_json, body)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise status.BadRequest(f"error converting YAML to JSON: {error}") from None


def _to_json(body: bytes) -> bytes:
    document = yaml.load(body, _Loader)
    sizes: dict[int, int] = {}
    whole = _size(document, sizes)
    if whole > MOST and whole > 2 * len(sizes):
        raise ValueError("document contains excessive aliasing")
    return orjson.dumps(document, option=orjson.OPT_NON_STR_KEYS)


def _size(value: Any, sizes: dict[int, int]) -> int:
    """How many values there are once every alias is written out. A value that contains itself never ends."""
    if isinstance(value, dict):
        items: Any = cast("dict[Any, Any]", value).values()
    elif isinstance(value, list):
        items = cast("list[Any]", value)
    else:
        return 1
    key = id(cast("object", value))
    if (known := sizes.get(key)) is not None:
        if not known:
            raise ValueError("anchor contains itself")
        return known
    sizes[key] = 0
    size = 1
    for item in items:
        size += _size(item, sizes)
    sizes[key] = size
    return size
