"""What a pod or pod template gets where it says nothing (Kubernetes `pkg/apis/core/v1/defaults.go`)."""

from collections.abc import Iterator
from typing import Any, cast

from podvisor.apiserver.resource import Json

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_SOURCES = {
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "fsType": "ext4", "readOnly": False, "kind": "Shared"},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}
"""What the sources of volumes get that this node does not mount, so that objects are what clients expect."""
_SOURCE_MODES = ("secret", "configMap", "downwardAPI", "projected")


def containers(spec: Json) -> Iterator[Json]:
    """Every container of a pod spec, of whatever kind."""
    for kind in CONTAINER_LISTS:
        yield from spec.get(kind, ())


def template(spec: Json) -> None:
    """The defaults of the spec of a pod or a template."""
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in containers(spec):
        _container(container, host_network=bool(spec.get("hostNetwork")))
    for volume in spec.get("volumes", ()):
        _volume(volume)


def pod(spec: Json) -> None:
    """The defaults of a pod's own spec: those of a template, and what only a pod gets."""
    template(spec)
    spec.setdefault("enableServiceLinks", True)
    for container in containers(spec):
        resources = container["resources"]
        for name, amount in resources.get("limits", {}).items():
            resources.setdefault("requests", {}).setdefault(name, amount)


def pull_policy(image: str) -> str:
    """Always for `latest` or no tag, else IfNotPresent."""
    name, _, _ = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].rpartition(":")
    if "@" in image or (colon and tag != "latest"):
        return "IfNotPresent"
    return "Always"


def _container(container: Json, *, host_network: bool) -> None:
    container.setdefault("imagePullPolicy", pull_policy(container.get("image", "")))
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    container.setdefault("resources", {})
    for port in container.get("ports", ()):
        port.setdefault("protocol", "TCP")
        if host_network and not port.get("hostPort"):
            port["hostPort"] = port.get("containerPort", 0)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if name in container:
            _probe(container[name])
    for handler in container.get("lifecycle", {}).values():
        if isinstance(handler, dict):
            _handler(cast("Json", handler))
    for variable in container.get("env", ()):
        _field_reference(variable.get("valueFrom", {}))


def _probe(probe: Json) -> None:
    for name, value in _PROBE.items():
        if not probe.get(name):
            probe[name] = value
    _handler(probe)
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")


def _handler(handler: Json) -> None:
    if "httpGet" in handler:
        action = handler["httpGet"]
        action["path"] = action.get("path") or "/"
        action["scheme"] = action.get("scheme") or "HTTP"


def _volume(volume: Json) -> None:
    if volume.keys() <= {"name"}:
        volume["emptyDir"] = {}
    for name in _SOURCE_MODES:
        if name in volume:
            volume[name].setdefault("defaultMode", 0o644)
    for name, given in _SOURCES.items():
        if name in volume:
            volume[name] |= given | volume[name]
    if "image" in volume:
        volume["image"].setdefault("pullPolicy", pull_policy(volume["image"].get("reference", "")))
    if (claim := volume.get("ephemeral", {}).get("volumeClaimTemplate")) is not None:
        claim.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    if "hostPath" in volume:
        volume["hostPath"].setdefault("type", "")
    _downward(volume.get("downwardAPI", {}))
    for source in volume.get("projected", {}).get("sources", ()):
        _downward(source.get("downwardAPI", {}))
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)


def _downward(source: Json) -> None:
    for item in source.get("items", ()):
        _field_reference(item)


def _field_reference(holder: Any) -> None:
    if "fieldRef" in holder:
        holder["fieldRef"]["apiVersion"] = holder["fieldRef"].get("apiVersion") or "v1"
