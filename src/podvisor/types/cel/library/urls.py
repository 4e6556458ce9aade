# The parameters of a lambda in the table are what the row says; a type checker cannot see that.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false
"""URLs: `url(self.endpoint).getHost()` (apiserver `library/urls.go`; Go's `url.ParseRequestURI`)."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

from podvisor.types.cel import values
from podvisor.types.cel.declarations import Overload, function, method, traversal
from podvisor.types.cel.errors import EvaluationError
from podvisor.types.cel.kinds import BOOL, STRING, Type, list_of, map_of

URL = Type("object", "kubernetes.URL")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ESCAPES = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+(?:%25[^\]]+)?\]|[^\[\]:\s<>\"\\^`{|}]*)(?::\d*)?\Z")


@dataclass(frozen=True, slots=True)
class URLValue:
    """A URL, in its parts."""

    scheme: str
    host: str
    path: str
    query: str
    text: str

    @property
    def hostname(self) -> str:
        """Without port and brackets."""
        host = self.host
        if host.startswith("["):
            return host[1:].partition("]")[0]
        return host.rpartition(":")[0] if ":" in host else host

    @property
    def port(self) -> str:
        """ "" if there is none."""
        rest = self.host.rpartition("]")[2]
        return rest.rpartition(":")[2] if ":" in rest else ""


values.register(URLValue, URL.name)


def parsed(text: str) -> URLValue:
    """An absolute URL or path. Raises ValueError, in Go's words."""
    if not text:
        raise ValueError('parse "": empty url')
    if any(ord(letter) < 0x20 or ord(letter) == 0x7F for letter in text):
        raise ValueError(f'parse "{text}": net/url: invalid control character in URL')
    scheme = _SCHEME.match(text)
    if scheme is None and not text.startswith("/"):
        raise ValueError(f'parse "{text}": invalid URI for request')
    if wrong := _ESCAPES.search(text.partition("?")[0]):
        escape = text[wrong.start() : wrong.start() + 3]
        raise ValueError(f'parse "{text}": invalid URL escape "{escape}"')
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    if not _HOST.match(host):
        raise ValueError(f'parse "{text}": invalid character in host name')
    return URLValue(parts.scheme, unquote(host), parts.path, parts.query, text)


def _url(text: str) -> URLValue:
    try:
        return parsed(text)
    except ValueError as error:
        raise EvaluationError(f"URL parse error during conversion from string: {error}") from None


def _is_url(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return False
    return True


def _query(url: URLValue) -> dict[str, list[str]]:
    return parse_qs(url.query, keep_blank_values=True)


FUNCTIONS: tuple[Overload, ...] = (
    function("url", (STRING,), URL, _url, traversal()),
    function("isURL", (STRING,), BOOL, _is_url),
    method("getScheme", (URL,), STRING, lambda url: url.scheme),
    method("getHost", (URL,), STRING, lambda url: url.host),
    method("getHostname", (URL,), STRING, lambda url: url.hostname),
    method("getPort", (URL,), STRING, lambda url: url.port),
    method("getEscapedPath", (URL,), STRING, lambda url: quote(unquote(url.path), safe="/:@!$&'()*+,;=~-._[]")),
    method("getQuery", (URL,), map_of(STRING, list_of(STRING)), _query),
)
