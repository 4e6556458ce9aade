"""What expressions of admission may speak of: a change, who makes it, and where (apiserver `pkg/admission/plugin/cel`).

Webhooks' match conditions and policies have the same variables.
"""

from collections.abc import Mapping

from podvisor.types import cel
from podvisor.types.cel.library import authorizer


def _strings(*names: str) -> dict[str, cel.Type]:
    return dict.fromkeys(names, cel.STRING)


def _object(name: str, fields: Mapping[str, cel.Type]) -> cel.Type:
    return cel.object_type(f"kubernetes.{name}", cel.fields(fields))


_TEXTS = cel.map_of(cel.STRING, cel.STRING)
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
_NAMESPACE_METADATA = _object(
    "NamespaceMetadata",
    {
        # `UID` is upstream's spelling, and leads nowhere there either.
        **_strings("name", "generateName", "namespace", "UID", "resourceVersion"),
        "labels": _TEXTS,
        "annotations": _TEXTS,
        "finalizers": cel.list_of(cel.STRING),
        "creationTimestamp": cel.TIMESTAMP,
        "deletionTimestamp": cel.TIMESTAMP,
        "deletionGracePeriodSeconds": cel.INT,
        "generation": cel.INT,
    },
)
_NAMESPACE_CONDITION = _object(
    "NamespaceCondition", {**_strings("status", "type", "message", "reason"), "lastTransitionTime": cel.TIMESTAMP}
)
NAMESPACE = _object(
    "Namespace",
    {
        "metadata": _NAMESPACE_METADATA,
        "spec": _object("NamespaceSpec", {"finalizers": cel.list_of(cel.STRING)}),
        "status": _object("NamespaceStatus", {"phase": cel.STRING, "conditions": cel.list_of(_NAMESPACE_CONDITION)}),
    },
)
_AUTHORIZERS: Mapping[str, cel.Type] = {
    "authorizer": authorizer.AUTHORIZER,
    "authorizer.requestResource": authorizer.RESOURCE_CHECK,
}


def declared(*, params: bool = False, asks: bool = True) -> dict[str, cel.Type]:
    """The variables and their types: `params` where there can be any, with `asks` those that ask who may do what."""
    return {
        "object": cel.DYN,
        "oldObject": cel.DYN,
        "namespaceObject": NAMESPACE,
        "request": REQUEST,
        **({"params": cel.DYN} if params else {}),
        **(_AUTHORIZERS if asks else {}),
    }
