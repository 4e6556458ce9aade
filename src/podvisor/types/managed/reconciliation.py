"""Sets that were written under another schema, made to fit the one of now: what was granular may be atomic today."""

from podvisor.types.managed import sets
from podvisor.types.managed.sets import Fields
from podvisor.types.managed.typed import Kind, Type


def reconciled(kind: Type, fields: Fields) -> Fields:
    """`fields` in which whatever is atomic is owned as a whole. The same set if nothing is to be changed."""
    result: Fields | None = None
    for element, below in fields.items():
        if not below or element == sets.SELF or (inner := _below(kind, element)) is None:
            continue
        fitting = {} if _is_atomic(inner) else reconciled(inner, below)
        if fitting is not below:
            result = dict(fields) if result is None else result
            result[element] = fitting
    return fields if result is None else result


def _below(kind: Type, element: str) -> Type | None:
    """None for what the schema does not know, or says nothing of."""
    if kind.kind is Kind.DEDUCED or (kind.items is not None and kind.items.kind is Kind.DEDUCED and not kind.fields):
        return None
    if element.startswith("f:") and (known := kind.fields.get(element[2:])) is not None:
        return known.type
    return kind.items


def _is_atomic(kind: Type) -> bool:
    return kind.kind is Kind.LEAF and (kind.holds in ("list", "map", ""))
