"""An Ingress that names no class gets the default (the plugin DefaultIngressClass).

https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class
"""

from podvisor.apiserver import objects
from podvisor.apiserver.admission import storage
from podvisor.apiserver.admission.chain import Change, View
from podvisor.apiserver.resource import Json

_NAMED = "kubernetes.io/ingress.class"
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


async def ingress_class(change: Change, view: View) -> None:
    """Name the default class; of several the newest."""
    named = (change.operation, change.resource.group, change.resource.plural, change.subresource)
    new = change.new
    if named != ("CREATE", "networking.k8s.io", "ingresses", "") or new is None:
        return
    if new["spec"].get("ingressClassName") is not None or _NAMED in (new["metadata"].get("annotations") or {}):
        return
    classes = view.catalogue.get("networking.k8s.io", "v1", "ingressclasses")
    every = [objects.decode(classes, kv) for kv in (await view.storage.all(classes)).kvs]
    if (name := storage.newest([one for one in every if _is_default(one)])) is not None:
        new["spec"]["ingressClassName"] = name


def _is_default(item: Json) -> bool:
    annotations: Json = item["metadata"].get("annotations") or {}
    return annotations.get(_DEFAULT) == "true"
