"""What can go wrong with images.

    ImageError
        BadReference   a name is no image name
        NotFound       no such image is here
        Unpackable     an archive or directory cannot become an image: it escapes, is damaged, or is not what it claims

Each reads as one line that names the image, archive or entry.
"""

from __future__ import annotations


class ImageError(Exception):
    """The root of this room's errors."""


class BadReference(ImageError):
    """A name is no image name."""


class NotFound(ImageError):
    """No such image is here."""


class Unpackable(ImageError):
    """An archive or directory cannot become an image."""
