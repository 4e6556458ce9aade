"""CEL, the language of rules and policies, as Kubernetes evaluates it (its specification, and apiserver `pkg/cel`).

Decided here: what an expression means, whether its types fit, what it costs. Not here: which expressions there are and
what is done with their results. The API server calls it; see docs/adr for why it is our own.

    program = cel.compile("self.replicas <= self.max", {"self": cel.DYN})
    program.evaluate({"self": {"replicas": 1, "max": 2}}, cel.Budget())
"""

from podvisor.types.cel.errors import CelError, CompileError, CostExceeded, EvaluationError, Issue
from podvisor.types.cel.escaping import escape, fields
from podvisor.types.cel.kinds import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    Field,
    ListIdentity,
    Type,
    list_of,
    map_of,
    object_type,
    opaque,
    optional_of,
)
from podvisor.types.cel.program import PER_CALL, PER_REQUEST, Budget, Program, compile
from podvisor.types.cel.values import Duration, Optional, Timestamp, Uint

__all__ = [
    "BOOL",
    "BYTES",
    "DOUBLE",
    "DURATION",
    "DYN",
    "INT",
    "NULL",
    "PER_CALL",
    "PER_REQUEST",
    "STRING",
    "TIMESTAMP",
    "UINT",
    "Budget",
    "CelError",
    "CompileError",
    "CostExceeded",
    "Duration",
    "EvaluationError",
    "Field",
    "Issue",
    "ListIdentity",
    "Optional",
    "Program",
    "Timestamp",
    "Type",
    "Uint",
    "compile",
    "escape",
    "fields",
    "list_of",
    "map_of",
    "object_type",
    "opaque",
    "optional_of",
]
