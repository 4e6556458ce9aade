"""Why a container cannot be started.

NotStartable            `reason` is what the container's state says, as the kubelet words it
├── Unresolvable        its configuration names what is not there (CreateContainerConfigError)
├── BadImageName        what it names as its image can be none (InvalidImageName)
├── NoImage             its image is not here (ErrImagePull, or ErrImageNeverPull)
└── NotMountable        one of the pod's volumes cannot be made (ContainerCreating, with an event)
"""

from collections.abc import Sequence

from podvisor.base.backoff import Backoff
from podvisor.node import states


class NotStartable(Exception):
    """A container cannot be started now; it is tried again later."""

    reason = "CreateContainerError"
    of_pod = False
    """Whether it is the pod as a whole that this is about."""
    backoff: Backoff = states.RETRY

    @property
    def message(self) -> str:
        """What the container's state says."""
        return str(self)

    @property
    def warnings(self) -> Sequence[tuple[str, str]]:
        """The events that say it, by reason and message."""
        return [("Failed", f"Error: {self}")]


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
    def warnings(self) -> Sequence[tuple[str, str]]:
        first = ("Failed", f'Failed to pull image "{self.image}": {self}')
        if self.reason == "ErrImageNeverPull":
            first = (self.reason, str(self))
        return [first, ("Failed", f"Error: {self.reason}")]


class BadImageName(NotStartable):
    """What it names as its image can be none."""

    reason = "InvalidImageName"
    backoff = states.PULLING

    def __init__(self, image: str) -> None:
        why = "invalid reference format"
        super().__init__(f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": {why}')

    @property
    def warnings(self) -> Sequence[tuple[str, str]]:
        return [("InspectFailed", str(self)), ("Failed", f"Error: {self.reason}")]


class NotMountable(NotStartable):
    """One of the pod's volumes cannot be made."""

    reason = "ContainerCreating"
    of_pod = True

    def __init__(self, volume: str, why: str) -> None:
        super().__init__(f'MountVolume.SetUp failed for volume "{volume}" : {why}')

    @property
    def message(self) -> str:
        return ""

    @property
    def warnings(self) -> Sequence[tuple[str, str]]:
        return [("FailedMount", str(self))]
