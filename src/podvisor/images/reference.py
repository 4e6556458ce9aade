"""Image names as container tools write them: `busybox`, `registry.example/team/app:1.2`, `app@sha256:…`.

The grammar is that of the distribution project's reference package; a name without a registry means docker.io, and
one without a tag means `latest`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from podvisor.images import errors

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_GRAMMAR = re.compile(
    r"(?:(?P<registry>localhost(?::\d+)?|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+(?::\d+)?|[a-zA-Z0-9-]+:\d+)/)?"
    rf"(?P<repository>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)

DEFAULT_REGISTRY = "docker.io"
DEFAULT_TAG = "latest"


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A complete image name. `str()` gives the short form that people write."""

    registry: str
    repository: str
    tag: str
    digest: str | None = None

    def __str__(self) -> str:
        registry = "" if self.registry == DEFAULT_REGISTRY else f"{self.registry}/"
        repository = self.repository if registry else self.repository.removeprefix("library/")
        digest = f"@{self.digest}" if self.digest else ""
        return f"{registry}{repository}:{self.tag}{digest}"

    @property
    def canonical(self) -> str:
        """The form without any default left out."""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}:{self.tag}{digest}"


def parse(text: str) -> Reference:
    """Read an image name, or raise `BadReference`."""
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise errors.BadReference(
            f"{text!r} is no image name; they look like busybox, team/app:1.2, localhost:5000/app"
        )
    registry = match["registry"] or DEFAULT_REGISTRY
    repository = match["repository"]
    if registry == DEFAULT_REGISTRY and "/" not in repository:
        repository = f"library/{repository}"
    return Reference(registry, repository, match["tag"] or DEFAULT_TAG, match["digest"])
