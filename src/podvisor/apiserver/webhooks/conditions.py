"""Match conditions: expressions that say whether a webhook is asked (apiserver `pkg/admission/plugin/cel`).

Decides what they may speak of and whether they are well formed; `matching` runs them.
"""

from collections.abc import Mapping
from functools import lru_cache

from podvisor.types import cel
from podvisor.types.cel.library import authorizer


def _strings(*names: str) -> dict[str, cel.Type]:
    return dict.fromkeys(names, cel.STRING)


def _object(name: str, fields: Mapping[str, cel.Type]) -> cel.Type:
    return cel.object_type(f"kubernetes.{name}", cel.fields(fields))


_KIND = _object("GroupVersionKind", _strings("group", "version", "kind"))
_RESOURCE = _object("GroupVersionResource", _strings("group", "version", "resource"))
_USER = _object(
    "UserInfo",
    {
        **_strings("username", "uid"),
        "groups": cel.list_of(cel.STRING),
        "extra": cel.map_of(cel.STRING, cel.list_of(cel.STRING)),
    },
)
REQUEST = _object(
    "AdmissionRequest",
    {
        "kind": _KIND,
        "resource": _RESOURCE,
        "requestKind": _KIND,
        "requestResource": _RESOURCE,
        "userInfo": _USER,
        "dryRun": cel.BOOL,
        "options": cel.DYN,
        **_strings("subResource", "requestSubResource", "name", "namespace", "operation"),
    },
)
VARIABLES: Mapping[str, cel.Type] = {
    "object": cel.DYN,
    "oldObject": cel.DYN,
    "request": REQUEST,
    "authorizer": authorizer.AUTHORIZER,
    "authorizer.requestResource": authorizer.RESOURCE_CHECK,
}


@lru_cache(maxsize=1024)
def compiled(expression: str) -> cel.Program:
    """The condition, ready to run. Raises CompileError, also where it comes to no truth value."""
    program = cel.compile(expression, VARIABLES)
    if program.result.kind not in ("bool", "dyn"):
        raise cel.CompileError(expression, [cel.Issue(None, "must evaluate to bool")])
    return program


def objection(expression: str) -> str:
    """What is wrong with a condition, "" if nothing is."""
    try:
        cel_program = cel.compile(expression, VARIABLES)
    except cel.CompileError as error:
        return f"compilation failed: {error}"
    kind = cel_program.result
    return "" if kind.kind == "bool" else f"must evaluate to bool but got {kind}"
