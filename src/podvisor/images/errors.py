"""What can go wrong with images.

    ImageError
        BadReference   a name is no image name
        NotFound       no such image is here
        Unpackable     an archive or directory cannot become an image: it escapes, is damaged, or is not what it claims
        BadConfiguration   registries.yaml or a file of credentials is damaged
        Unacceptable   what a registry serves is no image that runs here
        NoRoom         the disk has no room for an image
        PullFailed     a registry did not give an image
            Denied     it does not let us
            Missing    it does not have it

Each reads as one line that names the image, archive or entry.
"""

from __future__ import annotations

import re

_USERINFO = re.compile(r"://[^/\s'\"]*@")
_QUERY = re.compile(r"\?[^\s'\"]+")


def quiet(text: object) -> str:
    """One line for people, without what addresses in it may tell: passwords, and the signatures in their queries."""
    return _QUERY.sub("?…", _USERINFO.sub("://", " ".join(str(text).split())))


class ImageError(Exception):
    """The root of this room's errors."""


class BadReference(ImageError):
    """A name is no image name."""


class NotFound(ImageError):
    """No such image is here."""


class Unpackable(ImageError):
    """An archive or directory cannot become an image."""


class Unacceptable(ImageError):
    """What a registry serves is no image that runs here: a foreign type or platform, too large, or not its digest's."""


class PullFailed(ImageError):
    """A registry did not give an image: not reached, or it answered with an error of its own."""


class Denied(PullFailed):
    """A registry wants other credentials than ours, or none will do."""


class Missing(PullFailed):
    """A registry does not have the image."""


class BadConfiguration(ImageError):
    """`registries.yaml`, a file that it names, or a file of credentials is damaged."""


class NoRoom(ImageError):
    """The disk has no room for an image."""
