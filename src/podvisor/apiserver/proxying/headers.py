"""Which headers are passed on (RFC 9110 7.6.1; Go's `httputil.ReverseProxy`)."""

from collections.abc import Callable

from multidict import CIMultiDict, MultiMapping

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""About one connection only."""
_OURS = ("authorization", "impersonate-", "x-remote-")
"""How what they begin with says who asks this server: a credential of the client that no pod may see."""
_CORS = frozenset(
    {
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
    }
)
"""What a pod may not say in this server's name."""
FOR, URI = "X-Forwarded-For", "X-Forwarded-Uri"


def of_request(given: MultiMapping[str], peer: tuple[object, ...], uri: str) -> CIMultiDict[str]:
    """The headers of a request as they are sent on; `uri` is what the client asked for."""
    sent = _passed(given, lambda name: not name.startswith(_OURS) and name != "expect")
    came = [value for value in sent.popall(FOR, []) if value]
    if peer:
        came.append(str(peer[0]))
    if came:
        sent[FOR] = ", ".join(came)
    sent[URI] = uri
    if "trailers" in given.get("TE", "").lower():
        sent["TE"] = "trailers"
    return sent


def of_answer(given: MultiMapping[str]) -> CIMultiDict[str]:
    """The headers of an answer as they are passed back."""
    return _passed(given, lambda name: name not in _CORS)


def of_upgrade(given: MultiMapping[str], passed: CIMultiDict[str]) -> CIMultiDict[str]:
    """The same with what says that the connection is to speak another protocol."""
    passed["Connection"] = "Upgrade"
    passed["Upgrade"] = given.get("Upgrade", "")
    return passed


def _passed(given: MultiMapping[str], wanted: Callable[[str], bool]) -> CIMultiDict[str]:
    named = {part.strip().lower() for value in given.getall("Connection", ()) for part in value.split(",")}
    dropped = _HOP_BY_HOP | named
    kept = [(name, value) for name, value in given.items() if name.lower() not in dropped and wanted(name.lower())]
    return CIMultiDict(kept)
