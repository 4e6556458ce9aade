"""Why a patch cannot be applied."""


class BadPatch(ValueError):
    """The patch itself makes no sense."""


class Inapplicable(ValueError):
    """The patch makes sense, but not for this object: a failed `test`, a path that is not there."""
