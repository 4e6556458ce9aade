"""Why a container cannot be started.

NotStartable            `reason` is what the container's state says, as the kubelet words it
├── Unresolvable        its configuration names what is not there (CreateContainerConfigError)
├── NoImage             its image is not here (ErrImagePull)
└── NotMountable        one of the pod's volumes cannot be made (ContainerCreating, with an event)
"""


class NotStartable(Exception):
    """A container cannot be started now; it is tried again later."""

    reason = "CreateContainerError"
    event = "Failed"


class Unresolvable(NotStartable):
    """Its configuration names what is not there."""

    reason = "CreateContainerConfigError"


class NoImage(NotStartable):
    """Its image is not here."""

    reason = "ErrImagePull"


class NotMountable(NotStartable):
    """One of the pod's volumes cannot be made."""

    reason = "ContainerCreating"
    event = "FailedMount"
