"""What is wrong with the containers of a pod."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from podvisor.apiserver.resource import Json
from podvisor.types import field, names, quantity
from podvisor.types.field import Path

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_NATIVE = ("cpu", "memory", "ephemeral-storage")


def validate(spec: Json, path: Path) -> Iterator[field.Error]:
    """Objections to the containers of a pod's spec."""
    volumes = {volume.get("name") for volume in spec.get("volumes", ())}
    seen: set[str] = set()
    for index, one in enumerate(spec.get("initContainers", ())):
        here = path.child("initContainers").at(index)
        yield from _container(one, here, volumes, seen)
        yield from _init(one, here)
    if not spec.get("containers"):
        yield field.required(path.child("containers"))
    for index, one in enumerate(spec.get("containers", ())):
        here = path.child("containers").at(index)
        yield from _container(one, here, volumes, seen)
        if "restartPolicy" in one:
            yield field.forbidden(here.child("restartPolicy"), "may not be set for non-init containers")
        yield from _probes(one, here)
    yield from _host_ports(spec, path)


def _container(one: Json, path: Path, volumes: set[Any], seen: set[str]) -> Iterator[field.Error]:
    name = one.get("name", "")
    if not name:
        yield field.required(path.child("name"))
    else:
        yield from (field.invalid(path.child("name"), name, why) for why in names.dns_label(name))
    if name in seen:
        yield field.duplicate(path.child("name"), name)
    seen.add(name)
    yield from _image(one.get("image", ""), path.child("image"))
    if one["imagePullPolicy"] not in _PULL_POLICIES:
        yield field.unsupported(path.child("imagePullPolicy"), one["imagePullPolicy"], _PULL_POLICIES)
    if one["terminationMessagePolicy"] not in _MESSAGE_POLICIES:
        here = path.child("terminationMessagePolicy")
        yield field.unsupported(here, one["terminationMessagePolicy"], _MESSAGE_POLICIES)
    yield from _ports(one.get("ports", ()), path.child("ports"))
    yield from _environment(one.get("env", ()), path.child("env"))
    yield from _mounts(one.get("volumeMounts", ()), path.child("volumeMounts"), volumes)
    yield from resources(one["resources"], path.child("resources"))
    for name, handler in one.get("lifecycle", {}).items():
        if isinstance(handler, dict):
            yield from _handler(cast("Json", handler), path.child("lifecycle", name))


def _image(image: str, path: Path) -> Iterator[field.Error]:
    if not image:
        yield field.required(path)
    elif image != image.strip():
        yield field.invalid(path, image, "must not have leading or trailing whitespace")


def _init(one: Json, path: Path) -> Iterator[field.Error]:
    policy = one.get("restartPolicy")
    if policy not in (None, "Always"):
        yield field.unsupported(path.child("restartPolicy"), policy, ("Always",))
    if policy == "Always":
        yield from _probes(one, path)
        return
    for name in ("lifecycle", *_PROBES):
        if name in one:
            yield field.forbidden(path.child(name), "may not be set for init containers without restartPolicy=Always")


def _ports(ports: Sequence[Json], path: Path) -> Iterator[field.Error]:
    seen: set[str] = set()
    for index, one in enumerate(ports):
        here = path.at(index)
        if name := one.get("name"):
            yield from (field.invalid(here.child("name"), name, why) for why in names.port_name(name))
            if name in seen:
                yield field.duplicate(here.child("name"), name)
            seen.add(name)
        if not one.get("containerPort"):
            yield field.required(here.child("containerPort"))
        else:
            yield from port_number(one["containerPort"], here.child("containerPort"))
        if one.get("hostPort"):
            yield from port_number(one["hostPort"], here.child("hostPort"))
        if one["protocol"] not in _PROTOCOLS:
            yield field.unsupported(here.child("protocol"), one["protocol"], _PROTOCOLS)


def port_number(value: int, path: Path) -> Iterator[field.Error]:
    """Objections to a port number."""
    if not 1 <= value <= 65535:
        yield field.invalid(path, value, "must be between 1 and 65535, inclusive")


def _environment(variables: Sequence[Json], path: Path) -> Iterator[field.Error]:
    for index, one in enumerate(variables):
        here, name = path.at(index), one.get("name", "")
        if not name:
            yield field.required(here.child("name"))
        else:
            yield from (field.invalid(here.child("name"), name, why) for why in names.env_name(name))
        source = one.get("valueFrom")
        if source is None:
            continue
        if one.get("value"):
            yield field.invalid(here.child("valueFrom"), "", "may not be specified when `value` is not empty")
        if len(source) != 1:
            detail = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
            if len(source) > 1:
                detail = "may not have more than one field specified at a time"
            yield field.invalid(here.child("valueFrom"), "", detail)
        for kind in ("configMapKeyRef", "secretKeyRef"):
            for wanted in ("name", "key"):
                if kind in source and not source[kind].get(wanted):
                    yield field.required(here.child("valueFrom", kind, wanted))


def _mounts(mounts: Sequence[Json], path: Path, volumes: set[Any]) -> Iterator[field.Error]:
    seen: set[str] = set()
    for index, one in enumerate(mounts):
        here = path.at(index)
        name, place = one.get("name", ""), one.get("mountPath", "")
        if not name:
            yield field.required(here.child("name"))
        elif name not in volumes:
            yield field.not_found(here.child("name"), name)
        if not place:
            yield field.required(here.child("mountPath"))
        elif place in seen:
            yield field.invalid(here.child("mountPath"), place, "must be unique")
        seen.add(place)
        for kind in ("subPath", "subPathExpr"):
            yield from local_path(one.get(kind, ""), here.child(kind))
        if one.get("subPath") and one.get("subPathExpr"):
            yield field.invalid(
                here.child("subPathExpr"), one["subPathExpr"], "subPathExpr and subPath are mutually exclusive"
            )


def local_path(value: str, path: Path) -> Iterator[field.Error]:
    """Objections to a path that must stay below its root."""
    if value.startswith("/"):
        yield field.invalid(path, value, "must be a relative path")
    if ".." in value.split("/"):
        yield field.invalid(path, value, "must not contain '..'")


def resources(given: Json, path: Path) -> Iterator[field.Error]:
    """Objections to requests and limits."""
    limits, requests = given.get("limits", {}), given.get("requests", {})
    for kind, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            here = path.child(kind).key(name)
            if "/" not in name and name not in _NATIVE and not name.startswith("hugepages-"):
                yield field.invalid(here, name, "must be a standard resource for containers")
            if quantity.parse(amount).amount < 0:
                yield field.invalid(here, amount, "must be greater than or equal to 0")
    for name, amount in requests.items():
        if name in limits and quantity.parse(amount) > quantity.parse(limits[name]):
            here = path.child("requests")
            detail = f"must be less than or equal to {name} limit of {limits[name]}"
            yield field.invalid(here, amount, detail)


def _probes(one: Json, path: Path) -> Iterator[field.Error]:
    for name in _PROBES:
        if (probe := one.get(name)) is None:
            continue
        here = path.child(name)
        yield from _handler(probe, here)
        for number in (
            "initialDelaySeconds",
            "timeoutSeconds",
            "periodSeconds",
            "successThreshold",
            "failureThreshold",
        ):
            if probe.get(number, 0) < 0:
                yield field.invalid(here.child(number), probe[number], "must be greater than or equal to 0")
        if name != "readinessProbe" and probe["successThreshold"] != 1:
            yield field.invalid(here.child("successThreshold"), probe["successThreshold"], "must be 1")


def _handler(handler: Json, path: Path) -> Iterator[field.Error]:
    given = [name for name in _HANDLERS if name in handler]
    if not given:
        yield field.required(path, "must specify a handler type")
    for name in given[1:]:
        yield field.forbidden(path.child(name), "may not specify more than 1 handler type")
    if "exec" in handler and not handler["exec"].get("command"):
        yield field.required(path.child("exec", "command"))
    for name in ("httpGet", "tcpSocket", "grpc"):
        if name in handler:
            yield from _port(handler[name].get("port", 0), path.child(name, "port"))


def _port(value: int | str, path: Path) -> Iterator[field.Error]:
    if isinstance(value, int):
        yield from port_number(value, path)
    else:
        yield from (field.invalid(path, value, why) for why in names.port_name(value))


def _host_ports(spec: Json, path: Path) -> Iterator[field.Error]:
    seen: set[tuple[str, str, int]] = set()
    for index, one in enumerate(spec.get("containers", ())):
        for place, port in enumerate(one.get("ports", ())):
            if not port.get("hostPort"):
                continue
            used = (port["protocol"], port.get("hostIP", ""), port["hostPort"])
            here = path.child("containers").at(index).child("ports").at(place).child("hostPort")
            if used in seen:
                yield field.duplicate(here, f"{used[1]}/{used[0]}/{used[2]}")
            if spec.get("hostNetwork") and port["hostPort"] != port.get("containerPort"):
                yield field.invalid(here, port["hostPort"], "must match `containerPort` when `hostNetwork` is true")
            seen.add(used)
