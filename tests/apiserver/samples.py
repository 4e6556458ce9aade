"""Objects that tests send."""

from typing import Any

Json = dict[str, Any]
MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
SERVICES = "/api/v1/namespaces/default/services"


def config_map(name: str = "one", labels: Json | None = None, **data: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels or {}}, "data": data}


def pod_spec(**more: Any) -> Json:
    return {"containers": [{"name": "main", "image": "busybox:1"}], "automountServiceAccountToken": False} | more


def pod(name: str = "one", **spec: Any) -> Json:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pod_spec(**spec)}


def deployment(name: str = "web", **spec: Any) -> Json:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "busybox:1"}]}}
    content = {"selector": {"matchLabels": labels}, "template": template} | spec
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": content}


def job(name: str = "work", **spec: Any) -> Json:
    template = {"spec": {"containers": [{"name": "main", "image": "busybox:1"}], "restartPolicy": "Never"}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": template} | spec}


def service(name: str = "web", **spec: Any) -> Json:
    content = {"ports": [{"port": 80}], "selector": {"app": name}} | spec
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": content}
