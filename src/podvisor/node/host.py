"""What all pods of a node share."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from podvisor import sdk
from podvisor.base.clock import Clock
from podvisor.node.addresses import Addresses
from podvisor.node.images import Images
from podvisor.node.metering.outcomes import Outcomes
from podvisor.node.network import Network
from podvisor.node.objects import Pod
from podvisor.node.pace import Pace
from podvisor.node.settings import Settings
from podvisor.node.watched import Watched
from podvisor.sdk.events import Recorder
from podvisor.sdk.objects.core import Service


@dataclass(frozen=True, slots=True)
class Node:
    """This node, as its pods see it."""

    client: sdk.Client
    settings: Settings
    clock: Clock
    pace: Pace
    events: Recorder
    addresses: Addresses
    network: Network
    watched: Watched
    images: Images
    capacity: Mapping[str, str]
    services: Callable[[], Iterable[Service]]
    """The cluster's services, as far as this node has heard of them."""
    pressure: Callable[[Pod], str]
    """Why a pod cannot be taken now; empty if it can."""
    outcomes: Outcomes
    """What probes have answered."""
