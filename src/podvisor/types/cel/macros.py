"""Calls that are not functions, as their arguments name variables: `has`, `all`, `exists`, `map`, `optMap`, …

The CEL specification, "Macros"; those with two variables and those of optionals are extensions of cel-go that
Kubernetes has on.
"""

from typing import cast

from podvisor.types.cel import syntax
from podvisor.types.cel.errors import CompileError, Issue

_ONE: dict[tuple[str, int], syntax.FoldKind] = {
    ("all", 2): "all",
    ("exists", 2): "exists",
    ("exists_one", 2): "exists_one",
    ("existsOne", 2): "exists_one",
    ("map", 2): "map",
    ("map", 3): "map",
    ("filter", 2): "filter",
}
_TWO: dict[tuple[str, int], syntax.FoldKind] = {
    ("all", 3): "all",
    ("exists", 3): "exists",
    ("exists_one", 3): "exists_one",
    ("existsOne", 3): "exists_one",
    **{
        (name, count): cast(syntax.FoldKind, name)
        for name in ("transformList", "transformMap", "transformMapEntry")
        for count in (3, 4)
    },
}


def has(source: str, position: int, argument: syntax.Node) -> syntax.Node:
    """`has(a.b)`."""
    if not isinstance(argument, syntax.Select) or argument.optional or argument.test:
        raise CompileError(source, [Issue(argument.position, "invalid argument to has() macro")])
    return syntax.Select(position, argument.operand, argument.field, test=True)


def expand(
    source: str, position: int, target: syntax.Node, name: str, arguments: tuple[syntax.Node, ...]
) -> syntax.Node | None:
    """What a method's call stands for, None if it is no macro. Raises CompileError."""
    count = len(arguments)
    if name in ("optMap", "optFlatMap") and count == 2:
        variable = _variable(source, arguments[0])
        return syntax.OptionalMap(position, target, variable, arguments[1], flat=name == "optFlatMap")
    if kind := _ONE.get((name, count)):
        variables = (_variable(source, arguments[0]),)
    elif kind := _TWO.get((name, count)):
        variables = (_variable(source, arguments[0]), _variable(source, arguments[1]))
        if variables[0] == variables[1]:
            raise CompileError(source, [Issue(arguments[1].position, f"duplicate variable name: {variables[1]}")])
    else:
        return None
    rest = arguments[len(variables) :]
    condition = rest[0] if len(rest) == 2 or kind == "filter" else None
    return syntax.Fold(position, kind, target, variables, condition, rest[-1])


def _variable(source: str, argument: syntax.Node) -> str:
    if isinstance(argument, syntax.Name):
        return argument.name
    raise CompileError(source, [Issue(argument.position, "argument must be a simple name")])
