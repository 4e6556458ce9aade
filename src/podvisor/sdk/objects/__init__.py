"""Typed views of the kinds that Podvisor's own loops read: what a scheduler, a controller or a node looks at.

Decides which fields our own code may rely on, and their defaults, which are Kubernetes'. A view drops the fields
that it does not name, so it is read and never sent back: writes are patches, or objects built from plain mappings.
Anything above `sdk` may import it.
"""

from podvisor.sdk.objects import apps, batch, core, meta
from podvisor.sdk.objects.meta import (
    LabelSelector,
    Object,
    ObjectMeta,
    OwnerReference,
    Requirement,
    View,
    controller_of,
    metadata_of,
)

__all__ = [
    "LabelSelector",
    "Object",
    "ObjectMeta",
    "OwnerReference",
    "Requirement",
    "View",
    "apps",
    "batch",
    "controller_of",
    "core",
    "meta",
    "metadata_of",
]
