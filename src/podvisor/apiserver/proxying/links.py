"""Links of what is reached through a proxy, led through it as well (apimachinery `pkg/util/proxy/transport.go`)."""

import html
import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

_TAG = re.compile(rb"<[A-Za-z][^<>]*>")
_ATTRIBUTE = re.compile(
    rb"""(?P<head>\s(?:action|cite|classid|codebase|data|formaction|href|longdesc|poster|src|usemap)\s*=\s*)"""
    rb"""(?P<quote>["']?)(?P<url>[^"'\s>]*)(?P=quote)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Links:
    """Where a page is shown, and where it comes from."""

    prefix: str
    """The proxy's path, before that of the pod."""
    backend: str
    """HOST:PORT that was asked."""
    host: str
    """The Host header of the client: how it calls this server."""

    def through_proxy(self, link: str) -> str:
        """The link as the client has to follow it; one that leads elsewhere, or is relative, as it is."""
        try:
            parts = urlsplit(link)
        except ValueError:
            return link
        if parts.netloc not in ("", self.backend, self.host) or not parts.path.startswith("/"):
            return link
        path = parts.path if parts.path.startswith(self.prefix) else self.prefix.rstrip("/") + parts.path
        return urlunsplit(("", "", path, parts.query, parts.fragment))

    def page(self, content: bytes) -> bytes:
        """A page of HTML with its links led through the proxy."""
        return _TAG.sub(lambda tag: _ATTRIBUTE.sub(self._attribute, tag[0]), content)

    def _attribute(self, found: re.Match[bytes]) -> bytes:
        try:
            link = html.unescape(found["url"].decode())
        except UnicodeDecodeError:
            return found[0]
        if (led := self.through_proxy(link)) == link:
            return found[0]
        quote = found["quote"] or b'"'
        return found["head"] + quote + html.escape(led).encode() + quote
