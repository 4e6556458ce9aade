"""The loops that make the cluster's state what its objects ask for, one file per loop.

Each decides what to create, change or delete for one kind. Sees the cluster through the API only, with the SDK.
Only `cluster` starts them.

Every loop has the same shape: informers put keys into its queue, workers take them out, and `reconcile` looks at the
state as it is by then (`loop`). What to do is worked out by functions of plain data (`plan`, `rollout`, `jobplan`,
`graph`), which is where to look for what Kubernetes promises.
"""

from podvisor.controllers.run import run
from podvisor.controllers.settings import Settings

__all__ = ["Settings", "run"]
