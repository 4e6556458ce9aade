"""The functions that Kubernetes offers to expressions (apiserver `pkg/cel/environment/base.go`), one file a library."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from podvisor.types.cel import kinds
from podvisor.types.cel.declarations import Overload
from podvisor.types.cel.kinds import Type
from podvisor.types.cel.library import (
    authorizer,
    conversions,
    formats,
    lists,
    moments,
    networks,
    operators,
    optionals,
    quantities,
    semver,
    strings,
    urls,
)

_LIBRARIES = (
    operators.FUNCTIONS,
    conversions.FUNCTIONS,
    moments.FUNCTIONS,
    strings.FUNCTIONS,
    lists.FUNCTIONS,
    optionals.FUNCTIONS,
    quantities.FUNCTIONS,
    semver.FUNCTIONS,
    networks.FUNCTIONS,
    urls.FUNCTIONS,
    formats.FUNCTIONS,
    authorizer.FUNCTIONS,
)
_NAMED = (
    *(kinds.BOOL, kinds.INT, kinds.UINT, kinds.DOUBLE, kinds.STRING, kinds.BYTES, kinds.TYPE),
    *(kinds.list_of(kinds.DYN), kinds.map_of(kinds.DYN, kinds.DYN)),
    *(networks.IP, networks.CIDR, quantities.QUANTITY, semver.SEMVER, urls.URL, formats.FORMAT),
)


@lru_cache(maxsize=1)
def standard() -> tuple[Mapping[str, Sequence[Overload]], Mapping[str, Type]]:
    """All functions by their names, and the types that expressions can name."""
    functions: dict[str, list[Overload]] = defaultdict(list)
    for library in _LIBRARIES:
        for overload in library:
            functions[overload.function].append(overload)
    names = {kind.name: kind for kind in _NAMED}
    names["null_type"] = kinds.NULL
    names["google.protobuf.Timestamp"] = kinds.TIMESTAMP
    names["google.protobuf.Duration"] = kinds.DURATION
    names["optional_type"] = kinds.optional_of(kinds.DYN)
    return dict(functions), names
