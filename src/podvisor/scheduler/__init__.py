"""Chooses a node for each pending pod.

Decides placement only. Sees the cluster and binds pods through the API, with the SDK. Only `cluster` starts it.

A pod waits in the `queue`, is taken through the `filters` (can it run there?) and the `scores` (would it be good?) over
the `state` of the nodes, and is bound. A cycle never awaits between looking and deciding, so it sees one state.
https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
"""

from podvisor.scheduler.run import run
from podvisor.scheduler.settings import Settings

__all__ = ["Settings", "run"]
