"""The variables that name the services of a pod's namespace, as Docker's links once did.

https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
"""

from collections.abc import Iterable, Mapping

from podvisor.sdk.objects.core import Service

_API = "kubernetes"


def variables(services: Iterable[Service], namespace: str, *, wanted: bool) -> Mapping[str, str]:
    """Those of the API server always, those of the namespace's other services if wanted."""
    found: dict[str, str] = {}
    for service in sorted(services, key=lambda one: (one.metadata.namespace, one.metadata.name)):
        meta = service.metadata
        is_api = meta.namespace == "default" and meta.name == _API
        if is_api or (wanted and meta.namespace == namespace):
            found |= _of(service)
    return found


def _of(service: Service) -> Mapping[str, str]:
    address, ports = service.spec.cluster_ip, service.spec.ports
    if address in ("", "None") or not ports:
        return {}
    name = service.metadata.name.upper().replace("-", "_")
    first = ports[0]
    found = {f"{name}_SERVICE_HOST": address, f"{name}_SERVICE_PORT": str(first.port)}
    found |= {f"{name}_SERVICE_PORT_{one.name.upper().replace('-', '_')}": str(one.port) for one in ports if one.name}
    found[f"{name}_PORT"] = _url(first.protocol, address, first.port)
    for one in ports:
        prefix = f"{name}_PORT_{one.port}_{one.protocol.upper()}"
        found[prefix] = _url(one.protocol, address, one.port)
        found |= {f"{prefix}_PROTO": one.protocol.lower(), f"{prefix}_PORT": str(one.port), f"{prefix}_ADDR": address}
    return found


def _url(protocol: str, address: str, port: int) -> str:
    return f"{protocol.lower()}://{address}:{port}"
