"""One file per kind, `kinds/<group>/<kind>.py`: its record, its table of rules, its defaults and columns.

Decides what is special about a kind. What all kinds share (storage, verbs, metadata) is not here. `podspec` is what
kinds that hold a pod's spec have in common. CONTRIBUTING.md says how to add one.
"""

from podvisor.apiserver.catalogue import Catalogue
from podvisor.apiserver.kinds import reviews
from podvisor.apiserver.kinds.admissionregistration import (
    validatingadmissionpolicy,
    validatingadmissionpolicybinding,
    webhookconfiguration,
)
from podvisor.apiserver.kinds.apiextensions import customresourcedefinition
from podvisor.apiserver.kinds.apps import controllerrevision, daemonset, deployment, replicaset, statefulset
from podvisor.apiserver.kinds.autoscaling import horizontalpodautoscaler
from podvisor.apiserver.kinds.batch import cronjob, job
from podvisor.apiserver.kinds.certificates import certificatesigningrequest
from podvisor.apiserver.kinds.coordination import lease
from podvisor.apiserver.kinds.core import (
    configmap,
    endpoints,
    event,
    limitrange,
    namespace,
    node,
    persistentvolume,
    persistentvolumeclaim,
    pod,
    podtemplate,
    replicationcontroller,
    resourcequota,
    secret,
    service,
    serviceaccount,
)
from podvisor.apiserver.kinds.discovery import endpointslice
from podvisor.apiserver.kinds.events import event as new_event
from podvisor.apiserver.kinds.flowcontrol import flowschema, prioritylevelconfiguration
from podvisor.apiserver.kinds.metrics import usage
from podvisor.apiserver.kinds.networking import ingress, ingressclass, ipaddress, networkpolicy, servicecidr
from podvisor.apiserver.kinds.node_k8s_io import runtimeclass
from podvisor.apiserver.kinds.policy import poddisruptionbudget
from podvisor.apiserver.kinds.rbac import binding, role
from podvisor.apiserver.kinds.scheduling import priorityclass
from podvisor.apiserver.kinds.storage import csidriver, csinode, csistoragecapacity, storageclass, volumeattachment

RECORDS = (
    configmap.RECORD,
    secret.RECORD,
    event.RECORD,
    limitrange.RECORD,
    persistentvolume.RECORD,
    persistentvolumeclaim.RECORD,
    storageclass.RECORD,
    resourcequota.RECORD,
    serviceaccount.RECORD,
    namespace.RECORD,
    node.RECORD,
    pod.RECORD,
    podtemplate.RECORD,
    service.RECORD,
    endpoints.RECORD,
    deployment.RECORD,
    replicaset.RECORD,
    statefulset.RECORD,
    daemonset.RECORD,
    replicationcontroller.RECORD,
    controllerrevision.RECORD,
    job.RECORD,
    cronjob.RECORD,
    horizontalpodautoscaler.RECORD,
    horizontalpodautoscaler.FIRST,
    certificatesigningrequest.RECORD,
    lease.RECORD,
    endpointslice.RECORD,
    ingress.RECORD,
    ingressclass.RECORD,
    networkpolicy.RECORD,
    servicecidr.RECORD,
    ipaddress.RECORD,
    runtimeclass.RECORD,
    csidriver.RECORD,
    csinode.RECORD,
    csistoragecapacity.RECORD,
    volumeattachment.RECORD,
    flowschema.RECORD,
    prioritylevelconfiguration.RECORD,
    poddisruptionbudget.RECORD,
    priorityclass.RECORD,
    *reviews.RECORDS,
    role.ROLE,
    role.CLUSTER_ROLE,
    binding.ROLE_BINDING,
    binding.CLUSTER_ROLE_BINDING,
    new_event.RECORD,
    customresourcedefinition.RECORD,
    usage.NODES,
    usage.PODS,
    webhookconfiguration.MUTATING,
    webhookconfiguration.VALIDATING,
    validatingadmissionpolicy.RECORD,
    validatingadmissionpolicybinding.RECORD,
)


def catalogue() -> Catalogue:
    """All kinds that are built in."""
    return Catalogue(RECORDS)
