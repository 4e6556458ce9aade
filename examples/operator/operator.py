"""An operator in 20 lines, with kopf: each Page has a ConfigMap that shows it, and goes with it.

kubectl apply -f crd.yaml
kopf run --all-namespaces operator.py
"""

from typing import Any

import kopf
import kubernetes


@kopf.on.create("example.com", "v1", "pages")
@kopf.on.update("example.com", "v1", "pages", field="spec")
def show(spec: kopf.Spec, name: str, namespace: str, patch: kopf.Patch, **_: Any) -> None:
    """Write what the page shows."""
    kubernetes.config.load_kube_config()
    shown = {"metadata": {"name": name}, "data": {"page": f"{spec['title']} ({spec['language']})"}}
    kopf.adopt(shown)
    api = kubernetes.client.CoreV1Api()
    try:
        api.create_namespaced_config_map(namespace, shown)
    except kubernetes.client.ApiException as error:
        if error.status != 409:
            raise
        api.patch_namespaced_config_map(name, namespace, shown)
    patch.status["ready"] = True


@kopf.on.delete("example.com", "v1", "pages")
def say_goodbye(name: str, **_: Any) -> None:
    """Have kopf keep the page until this has run."""
    print(f"{name} is gone")
