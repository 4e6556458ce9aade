"""The three ways to say what to change: JSON patch, merge patch, strategic merge patch.

Decides what an object looks like afterwards. Does not know who may change what, nor whether the result is valid.
Every room may call it. None of the functions changes its arguments.
"""

from podvisor.types.patch import json_patch, merge, strategic
from podvisor.types.patch.errors import BadPatch, Inapplicable

__all__ = ["BadPatch", "Inapplicable", "json_patch", "merge", "strategic"]
