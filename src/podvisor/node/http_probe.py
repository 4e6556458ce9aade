"""Asking a container over HTTP, as the kubelet's probes and hooks do (its `DoHTTPProbe`), in the words of Go's client.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#http-probes
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

AGENT = "kube-probe/1.33"
REDIRECTS = 10
"""How many redirects in a row are followed."""
_REDIRECTING = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Request:
    """One request: `url` is what messages name."""

    url: str
    headers: Sequence[tuple[str, str]]

    @property
    def host(self) -> str:
        """The host's name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port, or the usual one of the scheme."""
        found = urlsplit(self.url)
        return found.port or (443 if found.scheme == "https" else 80)

    @property
    def secure(self) -> bool:
        """True if it is to be asked over TLS."""
        return urlsplit(self.url).scheme == "https"

    def encode(self) -> bytes:
        """The request as it is sent."""
        found = urlsplit(self.url)
        path = (found.path or "/") + (f"?{found.query}" if found.query else "")
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in _complete(found.netloc, self.headers))]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _complete(netloc: str, given: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """The headers that are sent. An empty Accept or User-Agent means that there is to be none; Host is ours to fill."""
    named = {name.lower(): value for name, value in given}
    sent = [("Host", named.get("host") or netloc)]
    for name, usual in (("User-Agent", AGENT), ("Accept", "*/*")):
        if value := named.get(name.lower(), usual):
            sent.append((name, value))
    own = ("host", "user-agent", "accept", "connection")
    return [*sent, *(one for one in given if one[0].lower() not in own), ("Connection", "close")]


def next_request(asked: Request, code: int, headers: Mapping[str, str]) -> Request | None:
    """Where a redirect to the same host leads; None for any other answer, which then decides."""
    location = headers.get("location", "")
    if code not in _REDIRECTING or not location:
        return None
    url = urljoin(asked.url, location)
    if urlsplit(url).hostname != asked.host:
        return None
    return replace(asked, url=url)
