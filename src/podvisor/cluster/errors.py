"""Why a cluster cannot be started, stopped or asked; each one line that says what to do.

ClusterError
├── AlreadyRunning       the data directory belongs to a running cluster
├── NotRunning           nothing runs on the data directory
├── PortInUse            somebody else listens where the API server should
├── Unwritable           the data directory cannot be made or written
├── Exposed              pods would be shown the data directory
├── Damaged              what the data directory holds cannot be used
├── HostLacks            the machine cannot run pods
└── StartFailed          a cluster that was started in the background ended before it was ready
"""


class ClusterError(Exception):
    """Whatever this room raises on purpose."""


class AlreadyRunning(ClusterError):
    """The data directory belongs to a running cluster."""


class NotRunning(ClusterError):
    """Nothing runs on the data directory."""


class PortInUse(ClusterError):
    """Somebody else listens where the API server should."""


class Unwritable(ClusterError):
    """The data directory cannot be made or written."""


class Exposed(ClusterError):
    """Pods would be shown the data directory, and with it the cluster's keys."""


class Damaged(ClusterError):
    """What the data directory holds cannot be used."""


class HostLacks(ClusterError):
    """The machine cannot run pods."""


class StartFailed(ClusterError):
    """A cluster that was started in the background ended before it was ready."""
