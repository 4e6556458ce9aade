"""Runs all loops in one scope."""

from collections.abc import Callable, Collection, Mapping

from podvisor.base import tasks
from podvisor.base.clock import Clock
from podvisor.controllers import loop
from podvisor.controllers.aggregation import AggregatedRoles
from podvisor.controllers.autoscaler import Autoscalers
from podvisor.controllers.cronjob import CronJobs
from podvisor.controllers.csrapproving import CertificateApprovals
from podvisor.controllers.csrcleaner import CertificateCleaning
from podvisor.controllers.csrsigning import CertificateSigning
from podvisor.controllers.daemonset import DaemonSets
from podvisor.controllers.deployment import Deployments
from podvisor.controllers.disruption import DisruptionBudgets
from podvisor.controllers.endpoints import ServiceEndpoints
from podvisor.controllers.ephemeral import EphemeralClaims
from podvisor.controllers.eviction import Evictions
from podvisor.controllers.garbage import GarbageCollector
from podvisor.controllers.job import Jobs
from podvisor.controllers.loop import Cluster, Loop
from podvisor.controllers.namespace import Namespaces
from podvisor.controllers.node import Nodes
from podvisor.controllers.podgc import LostPods
from podvisor.controllers.quota import ResourceQuotas
from podvisor.controllers.replicaset import ReplicaSets, ReplicationControllers
from podvisor.controllers.rootca import RootAuthorities
from podvisor.controllers.serviceaccount import DefaultServiceAccounts
from podvisor.controllers.settings import Settings
from podvisor.controllers.slices import EndpointSlices
from podvisor.controllers.statefulset import StatefulSets
from podvisor.controllers.tokencleaner import BootstrapTokens
from podvisor.controllers.ttl import FinishedJobs
from podvisor.controllers.volumes import Volumes
from podvisor.sdk import Client, Informers

LOOPS: Mapping[str, Callable[[Cluster], Loop]] = {
    "deployment": Deployments,
    "replicaset": ReplicaSets,
    "replicationcontroller": ReplicationControllers,
    "statefulset": StatefulSets,
    "daemonset": DaemonSets,
    "job": Jobs,
    "cronjob": CronJobs,
    "ttl": FinishedJobs,
    "disruption": DisruptionBudgets,
    "autoscaler": Autoscalers,
    "quota": ResourceQuotas,
    "volumes": Volumes,
    "ephemeral": EphemeralClaims,
    "namespace": Namespaces,
    "garbage": GarbageCollector,
    "node": Nodes,
    "eviction": Evictions,
    "podgc": LostPods,
    "serviceaccount": DefaultServiceAccounts,
    "rootca": RootAuthorities,
    "endpoints": ServiceEndpoints,
    "slices": EndpointSlices,
    "aggregation": AggregatedRoles,
    "csrapproving": CertificateApprovals,
    "csrsigning": CertificateSigning,
    "csrcleaner": CertificateCleaning,
    "tokencleaner": BootstrapTokens,
}
"""Every loop by its name on the command line."""


async def run(client: Client, settings: Settings, clock: Clock, *, only: Collection[str] = ()) -> None:
    """Run the loops, or those named by `only`, until cancelled.

    A loop that crashes is logged and started again after a growing wait; the others go on. Each loop tolerates being
    killed anywhere: what it knows is in the cluster, and it looks again when it starts.
    """
    async with tasks.background() as scope:
        cluster = Cluster(client, Informers(client, clock, scope), clock, settings, scope)
        for name in only or LOOPS:
            each = LOOPS[name](cluster)
            scope.start(loop.run(each, cluster), name=each.name)
        await loop.forever(clock)
