"""Names of fields as expressions write them (apiserver `pkg/cel/escaping.go`): `foo-bar` is `foo__dash__bar`."""

import re
from collections.abc import Mapping

from podvisor.types.cel.kinds import Field, Type
from podvisor.types.cel.parser import RESERVED

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SPOKEN = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_PARTS = re.compile(r"__|[.\-/]")
# The words of the language that no name of a field may be.
_RESERVED = frozenset(("true", "false", "null", "in", *RESERVED))


def fields(types: Mapping[str, Type]) -> dict[str, Field]:
    """An object's fields as expressions write them; those that they cannot write are left out."""
    named: dict[str, Field] = {}
    for name, kind in types.items():
        if (escaped := escape(name)) is not None:
            named[escaped] = Field(kind, name)
    if "namespace" in types:
        # The one reserved word that upstream takes as it is, too.
        named["namespace"] = Field(types["namespace"], "namespace")
    return named


def escape(name: str) -> str | None:
    """How an expression writes this field, None if it cannot."""
    if name in _RESERVED:
        return f"__{name}__"
    escaped = _PARTS.sub(lambda part: _SPOKEN[part.group()], name)
    return escaped if _WORD.match(escaped) else None
