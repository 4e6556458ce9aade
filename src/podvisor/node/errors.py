"""Why a container cannot be started.

NotStartable            `reason` is what the container's state says, as the kubelet words it
├── Unresolvable        its configuration names what is not there (CreateContainerConfigError)
├── NoImage             its image is not here (ErrImagePull, or ErrImageNeverPull)
└── NotMountable        one of the pod's volumes cannot be made (ContainerCreating, with an event)
"""

from podvisor.base.backoff import Backoff
from podvisor.node import states


class NotStartable(Exception):
    """A container cannot be started now; it is tried again later."""

    reason = "CreateContainerError"
    event = "Failed"
    backoff: Backoff = states.RETRY

    @property
    def message(self) -> str:
        """What the container's state says."""
        return str(self)

    @property
    def told(self) -> str:
        """What the event says."""
        return f"Error: {self}"


class Unresolvable(NotStartable):
    """Its configuration names what is not there."""

    reason = "CreateContainerConfigError"


class NoImage(NotStartable):
    """Its image is not here, and nowhere to be had."""

    backoff = states.PULLING

    def __init__(self, image: str, why: str, *, never: bool) -> None:
        super().__init__(why)
        self.image = image
        self.reason = "ErrImageNeverPull" if never else "ErrImagePull"

    @property
    def told(self) -> str:
        if self.reason == "ErrImageNeverPull":
            return str(self)
        return f'Failed to pull image "{self.image}": {self}'


class NotMountable(NotStartable):
    """One of the pod's volumes cannot be made."""

    reason = "ContainerCreating"
    event = "FailedMount"

    def __init__(self, volume: str, why: str) -> None:
        super().__init__(f'MountVolume.SetUp failed for volume "{volume}" : {why}')

    @property
    def message(self) -> str:
        return ""

    @property
    def told(self) -> str:
        return str(self)
