"""One file per family of kinds: its records, with their defaults, validation and columns.

Decides what is special about a kind. What all kinds share (storage, verbs, metadata) is not here. A further kind is a
record in one of these files, or a new file, named in RECORDS.
"""

from podvisor.apiserver.kinds import (
    accounts,
    apps,
    batch,
    configuration,
    coordination,
    endpointslices,
    events,
    namespaces,
    nodes,
    pods,
    reviews,
    services,
)
from podvisor.apiserver.registry import Registry

RECORDS = (
    *configuration.RECORDS,
    *events.CORE,
    *accounts.RECORDS,
    *namespaces.RECORDS,
    *nodes.RECORDS,
    *pods.RECORDS,
    *services.RECORDS,
    *apps.RECORDS,
    *batch.RECORDS,
    *coordination.RECORDS,
    *endpointslices.RECORDS,
    *reviews.RECORDS,
    *events.NEW,
)


def registry() -> Registry:
    """All kinds."""
    return Registry(RECORDS)
