"""Runs the pods that are bound to this machine: the kubelet's work.

Decides how a bound pod becomes a sandbox with running containers, and what its status says. Does not decide where
pods run or which exist. Sees the cluster through the API, with the SDK; only `cluster` starts it.

`plan` says what to do for a pod and `status` what to report, both functions of plain data. `worker` follows the plan,
one task a pod; `runtime` starts and ends containers; `supervision` asks their probes; `containers`, `environment`,
`etc` and `volumes` turn a pod's words into the sandbox's; `logs` keeps what containers write; `server` and `streams`
answer the API server's requests for logs, exec and attach; `network` keeps the switch, `naming` and `resolvconf` are
the cluster's DNS as the node serves it and as its pods use it.
"""

from podvisor.node.resolvconf import Cluster as Dns
from podvisor.node.run import run
from podvisor.node.settings import Settings

__all__ = ["Dns", "Settings", "run"]
