"""The resources that our own code speaks of."""

from typing import Any

from podvisor.sdk.objects import apps, autoscaling, batch, certificates, core, policy, rbac, storage
from podvisor.sdk.resource import Resource

Plain = dict[str, Any]

PODS = Resource("", "v1", "pods", "Pod", core.Pod)
NODES = Resource("", "v1", "nodes", "Node", core.Node, namespaced=False)
NAMESPACES = Resource("", "v1", "namespaces", "Namespace", core.Namespace, namespaced=False)
CONFIGMAPS = Resource("", "v1", "configmaps", "ConfigMap", core.ConfigMap)
SECRETS = Resource("", "v1", "secrets", "Secret", Plain)
TYPED_SECRETS = Resource("", "v1", "secrets", "Secret", core.Secret)
SERVICEACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount", core.ServiceAccount)
SERVICES = Resource("", "v1", "services", "Service", core.Service)
ENDPOINTS = Resource("", "v1", "endpoints", "Endpoints", core.Endpoints)
ENDPOINTSLICES = Resource("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", core.EndpointSlice)
EVENTS = Resource("", "v1", "events", "Event", Plain)
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", apps.Deployment)
REPLICASETS = Resource("apps", "v1", "replicasets", "ReplicaSet", apps.ReplicaSet)
STATEFULSETS = Resource("apps", "v1", "statefulsets", "StatefulSet", apps.StatefulSet)
DAEMONSETS = Resource("apps", "v1", "daemonsets", "DaemonSet", apps.DaemonSet)
CONTROLLERREVISIONS = Resource("apps", "v1", "controllerrevisions", "ControllerRevision", apps.ControllerRevision)
REPLICATIONCONTROLLERS = Resource(
    "", "v1", "replicationcontrollers", "ReplicationController", core.ReplicationController
)
RESOURCEQUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota", core.ResourceQuota)
PERSISTENTVOLUMECLAIMS = Resource(
    "", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", storage.PersistentVolumeClaim
)
PERSISTENTVOLUMES = Resource(
    "", "v1", "persistentvolumes", "PersistentVolume", storage.PersistentVolume, namespaced=False
)
STORAGECLASSES = Resource(
    "storage.k8s.io", "v1", "storageclasses", "StorageClass", storage.StorageClass, namespaced=False
)
NETWORKPOLICIES = Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", Plain)
JOBS = Resource("batch", "v1", "jobs", "Job", batch.Job)
CRONJOBS = Resource("batch", "v1", "cronjobs", "CronJob", batch.CronJob)
PODDISRUPTIONBUDGETS = Resource(
    "policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", policy.PodDisruptionBudget
)
HORIZONTALPODAUTOSCALERS = Resource(
    "autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", autoscaling.HorizontalPodAutoscaler
)
LEASES = Resource("coordination.k8s.io", "v1", "leases", "Lease", core.Lease)
CLUSTERROLES = Resource(
    "rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", rbac.ClusterRole, namespaced=False
)
CERTIFICATESIGNINGREQUESTS = Resource(
    "certificates.k8s.io",
    "v1",
    "certificatesigningrequests",
    "CertificateSigningRequest",
    certificates.CertificateSigningRequest,
    namespaced=False,
)
SUBJECTACCESSREVIEWS = Resource(
    "authorization.k8s.io", "v1", "subjectaccessreviews", "SubjectAccessReview", Plain, namespaced=False
)
