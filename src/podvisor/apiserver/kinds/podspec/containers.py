"""Rules for the containers of a pod, of all three kinds."""

from collections.abc import Iterator

from podvisor.apiserver.kinds.podspec import environment, handlers, mounts, resources, security
from podvisor.types import field, names, rules
from podvisor.types.field import Error

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_NOT_IN_INIT = "may not be set for init containers without restartPolicy=Always"
_NOT_EPHEMERAL = "cannot be set for an Ephemeral Container"


def _unpadded(value: str) -> Iterator[str]:
    if value != value.strip():
        yield "must not have leading or trailing whitespace"


def _nonzero(at: rules.At) -> Iterator[Error]:
    if not at.value:
        yield field.required(at.path)
    else:
        yield from rules.port().check(at)


def _host_port(at: rules.At) -> Iterator[Error]:
    if at.value:
        yield from rules.port().check(at)


def _resize(at: rules.At) -> Iterator[Error]:
    """The path of these errors is that of the list."""
    never = at.inside("pod").get("restartPolicy") == "Never"
    seen: set[str] = set()
    for place in at.items():
        name, policy = place.get("resourceName") or "", place.get("restartPolicy") or ""
        if name in seen:
            yield field.duplicate(place.path, name)
        seen.add(name)
        for value, known in ((name, ("cpu", "memory")), (policy, ("NotRequired", "RestartContainer"))):
            if not value:
                yield field.required(at.path)
            elif value not in known:
                yield field.unsupported(at.path, value, known)
        if never and policy != "NotRequired":
            yield field.invalid(at.path, policy, "must be 'NotRequired' when `restartPolicy` is 'Never'")


PORTS = rules.field(
    "ports",
    rules.each(
        rules.field("name", rules.matches(names.port_name)),
        rules.field("containerPort", _nonzero, otherwise=0),
        rules.field("hostPort", _host_port),
        rules.field("protocol", rules.one_of(*_PROTOCOLS)),
    ),
    rules.unique_by("name"),
)
_COMMON = (
    rules.field("name", rules.required(), rules.matches(names.dns_label)),
    rules.field("image", rules.required()),
    rules.field("terminationMessagePolicy", rules.one_of(*_MESSAGE_POLICIES)),
    PORTS,
    *environment.RULES,
    *mounts.RULES,
    rules.field("imagePullPolicy", rules.one_of(*_PULL_POLICIES)),
    rules.optional("resources", *resources.RULES),
    rules.field("resizePolicy", _resize),
    security.OF_CONTAINER,
)
IMAGE_OF_POD = rules.field("image", rules.matches(_unpadded))
"""Only of pods, not of templates."""


def _own_name(*others: str) -> rules.Check:
    """A name that no container before this one has, nor one of the other kinds."""

    def objections(at: rules.At) -> Iterator[Error]:
        pod = at.inside("pod")
        taken = {one.get("name") for kind in others for one in pod.listed(kind)}
        for place in at.items():
            name = place.get("name") or ""
            if name in taken:
                yield field.duplicate(place.path.child("name"), name)
            elif name:
                taken.add(name)

    return rules.Check("own_name", objections)


def _host_ports(at: rules.At) -> Iterator[Error]:
    """Two containers cannot have the same port of the node."""
    seen: set[str] = set()
    for container in at.items():
        for index, port in enumerate(container.listed("ports")):
            if not port.get("hostPort"):
                continue
            used = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if used in seen:
                here = container.path.child("ports").at(index).child("hostPort")
                yield field.duplicate(here, used)
            seen.add(used)


def _target(at: rules.At) -> Iterator[Error]:
    pod = at.inside("pod")
    known = {one.get("name") for kind in ("containers", "initContainers") for one in pod.listed(kind)}
    if at.value not in known:
        yield field.not_found(at.path, at.value)


_IS_SIDECAR = rules.equals("restartPolicy", "Always")
_RUNS = (handlers.LIFECYCLE, *handlers.PROBES)
RULES = (
    rules.field(
        "containers",
        rules.required(),
        rules.each(
            rules.scope(
                "container",
                *_COMMON,
                *_RUNS,
                rules.field("restartPolicy", rules.forbidden("may not be set for non-init containers")),
            )
        ),
        _own_name(),
        _host_ports,
    ),
    rules.field(
        "initContainers",
        rules.each(
            rules.scope(
                "container",
                *_COMMON,
                rules.field("restartPolicy", rules.one_of("Always")),
                rules.when(_IS_SIDECAR, *_RUNS),
                rules.when(
                    rules.negated(_IS_SIDECAR),
                    *(
                        rules.field(name, rules.forbidden(_NOT_IN_INIT))
                        for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
                    ),
                ),
            )
        ),
        _own_name("containers"),
    ),
    rules.field(
        "ephemeralContainers",
        rules.each(
            rules.scope(
                "container",
                *_COMMON,
                IMAGE_OF_POD,
                rules.field("targetContainerName", _target),
                *(
                    rules.when(rules.given(name), rules.field(name, rules.forbidden(_NOT_EPHEMERAL)))
                    for name in ("ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle")
                ),
                rules.field(
                    "resources",
                    rules.when(lambda at: bool(at.value), rules.forbidden(_NOT_EPHEMERAL)),
                ),
                rules.field("resizePolicy", rules.forbidden(_NOT_EPHEMERAL)),
                rules.field("restartPolicy", rules.forbidden(_NOT_EPHEMERAL)),
                rules.field(
                    "volumeMounts",
                    rules.each(
                        *(rules.field(name, rules.forbidden(_NOT_EPHEMERAL)) for name in ("subPath", "subPathExpr"))
                    ),
                ),
            )
        ),
        _own_name("containers", "initContainers"),
    ),
)
