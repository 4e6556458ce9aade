"""Rules for probes and lifecycle handlers."""

from collections.abc import Iterator

from podvisor.types import field, formats, rules
from podvisor.types.field import Error

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_ONE = "may not specify more than 1 handler type"
_SIGNALS = (
    tuple(
        f"SIG{name}"
        for name in [
            "ABRT",
            "ALRM",
            "BUS",
            "CHLD",
            "CLD",
            "CONT",
            "FPE",
            "HUP",
            "ILL",
            "INT",
            "IO",
            "IOT",
            "KILL",
            "PIPE",
            "POLL",
            "PROF",
            "PWR",
            "QUIT",
            "SEGV",
            "STKFLT",
            "STOP",
            "SYS",
            "TERM",
            "TRAP",
            "TSTP",
            "TTIN",
            "TTOU",
            "URG",
            "USR1",
            "USR2",
            "VTALRM",
            "WINCH",
            "XCPU",
            "XFSZ",
        ]
    )
    + tuple(f"SIGRTMIN{'' if not n else f'+{n}'}" for n in range(16))
    + tuple(f"SIGRTMAX{'' if not n else f'-{n}'}" for n in range(15))
)


def _sleep(at: rules.At) -> Iterator[Error]:
    grace = at.inside("pod").get("terminationGracePeriodSeconds")
    seconds = at.get("seconds") or 0
    if grace is not None and not 0 <= seconds <= grace:
        detail = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
        yield field.invalid(at.path, seconds, detail)


def _header_names(at: rules.At) -> Iterator[Error]:
    for header in at.items():
        for why in formats.http_header(header.get("name") or ""):
            yield field.invalid(at.path, header.get("name") or "", why)


_RULES_OF = {
    "exec": rules.optional("exec", rules.field("command", rules.required())),
    "httpGet": rules.optional(
        "httpGet",
        rules.field("path", rules.required()),
        rules.field("port", rules.port_or_name(), otherwise=0),
        rules.field("scheme", rules.one_of("HTTP", "HTTPS")),
        rules.field("httpHeaders", _header_names),
    ),
    "tcpSocket": rules.optional("tcpSocket", rules.field("port", rules.port_or_name(), otherwise=0)),
    "grpc": rules.optional("grpc", rules.field("port", rules.port(), otherwise=0)),
    "sleep": rules.field("sleep", _sleep),
}


def _is_first(name: str) -> rules.Condition:
    """True if no handler before `name` is given."""
    before = _HANDLERS[: _HANDLERS.index(name)]
    return lambda at: not any(other in at.mapping() for other in before)


HANDLER = (
    *(rules.when(_is_first(name), rule) for name, rule in _RULES_OF.items()),
    rules.exactly_one_of(_HANDLERS, "must specify a handler type", _ONE),
)
_PROBE = (
    *HANDLER,
    *(
        rules.field(name, rules.at_least(0))
        for name in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
    ),
    rules.field("terminationGracePeriodSeconds", rules.more_than(0)),
)


def _must_be_one(at: rules.At) -> Iterator[Error]:
    if at.value != 1:
        yield field.invalid(at.path, at.value, "must be 1")


def _stop_signal(at: rules.At) -> Iterator[Error]:
    """Which signals there are depends on the operating system, which the pod has to name."""
    system = at.inside("pod").get("os", "name")
    if system is None:
        yield field.forbidden(at.path, "may not be set for containers with empty `spec.os.name`")
    elif system == "windows" and at.value not in ("SIGKILL", "SIGTERM"):
        yield field.unsupported(at.path, at.value, ("SIGKILL", "SIGTERM"))
    elif system == "linux" and at.value not in _SIGNALS:
        yield field.unsupported(at.path, at.value, _SIGNALS)


LIFECYCLE = rules.optional(
    "lifecycle",
    rules.optional("postStart", *HANDLER),
    rules.optional("preStop", *HANDLER),
    rules.field("stopSignal", _stop_signal),
)
_SINGLE = rules.field("successThreshold", _must_be_one)
_NO_GRACE = rules.field("terminationGracePeriodSeconds", rules.invalid("must not be set for readinessProbes"))
PROBES = (
    rules.optional("livenessProbe", *_PROBE, _SINGLE),
    rules.optional("readinessProbe", *_PROBE, _NO_GRACE),
    rules.optional("startupProbe", *_PROBE, _SINGLE),
)
