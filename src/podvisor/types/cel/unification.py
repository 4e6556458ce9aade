"""When a type fits where another is wanted, and what a free parameter then stands for (CEL, "Gradual Type Checking").

`Bindings` are what is known of the parameters; a trial that fails leaves them as they were.
"""

from collections.abc import Sequence

from podvisor.types.cel.kinds import Type

_NULLABLE = frozenset(("opaque", "object", "duration", "timestamp", "null"))


class Bindings:
    """What each free type parameter stands for so far."""

    def __init__(self) -> None:
        self._known: dict[Type, Type] = {}
        self._count = 0

    def fresh(self) -> Type:
        """A parameter that nothing is known of."""
        self._count += 1
        return Type("parameter", f"_var{self._count}")

    def fits(self, given: Sequence[Type], wanted: Sequence[Type]) -> bool:
        """True if each type fits; only then is anything learned."""
        before = dict(self._known)
        if len(given) == len(wanted) and all(self._fits(one, other) for one, other in zip(given, wanted, strict=True)):
            return True
        self._known = before
        return False

    def resolve(self, kind: Type, *, free: Type | None = None) -> Type:
        """The type with all that is known put in; a parameter without a meaning becomes `free` if that is given."""
        if (known := self._known.get(kind)) is not None:
            return self.resolve(known, free=free)
        if kind.kind == "parameter":
            return free or kind
        if not kind.parameters:
            return kind
        inner = tuple(self.resolve(parameter, free=free) for parameter in kind.parameters)
        return Type(kind.kind, kind.name, inner, kind.fields, kind.identity)

    def _fits(self, one: Type, other: Type) -> bool:
        if other.kind == "parameter":
            settled = self._stand_for(other, one)
            if settled is not None:
                return settled
        if one.kind == "parameter":
            return self._stand_for(one, other) or False
        if "dyn" in (one.kind, other.kind) or "error" in (one.kind, other.kind):
            return True
        if one.kind == "null" or other.kind == "null":
            return one.kind in _NULLABLE and other.kind in _NULLABLE
        if one.kind == "type":
            return other.kind == "type"
        return (
            one.kind == other.kind
            and one.name == other.name
            and len(one.parameters) == len(other.parameters)
            and all(self._fits(*pair) for pair in zip(one.parameters, other.parameters, strict=True))
        )

    def _stand_for(self, parameter: Type, kind: Type) -> bool | None:
        """Whether `parameter` can stand for `kind`; None if it cannot, and might the other way round."""
        if parameter == kind:
            return True
        if (known := self._known.get(parameter)) is not None:
            if known == kind:
                return True
            if not self._fits(kind, known):
                return False
            wider = kind if _less_specific(kind, known) else known
            if not self._within(parameter, wider):
                self._known[parameter] = wider
            return True
        if self._within(parameter, kind):
            return None
        self._known[parameter] = kind
        return True

    def _within(self, parameter: Type, kind: Type) -> bool:
        if parameter == kind:
            return True
        if kind.kind == "parameter":
            known = self._known.get(kind)
            return known is not None and self._within(parameter, known)
        return any(self._within(parameter, inner) for inner in kind.parameters)


def wider(one: Type, other: Type) -> Type:
    """The more general of two types that fit each other."""
    return one if _less_specific(one, other) else other


def instance(signature: Sequence[Type], bindings: Bindings) -> list[Type]:
    """A function's types with parameters of their own."""
    renamed: dict[Type, Type] = {}

    def rename(kind: Type) -> Type:
        if kind.kind == "parameter":
            return renamed.setdefault(kind, bindings.fresh())
        if not kind.parameters:
            return kind
        return Type(kind.kind, kind.name, tuple(map(rename, kind.parameters)), kind.fields, kind.identity)

    return [rename(kind) for kind in signature]


def _less_specific(one: Type, other: Type) -> bool:
    """True if `one` is `other` or says less."""
    if one.kind in ("dyn", "parameter"):
        return True
    if other.kind in ("dyn", "parameter"):
        return False
    if one.kind == "type" and other.kind == "type":
        return True
    return (
        one.kind == other.kind
        and one.name == other.name
        and len(one.parameters) == len(other.parameters)
        and all(_less_specific(*pair) for pair in zip(one.parameters, other.parameters, strict=True))
    )
