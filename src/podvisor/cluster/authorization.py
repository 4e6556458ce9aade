"""Who may do what in a cluster: masters everything, nodes what their pods need, everybody else by his roles.

The real server's `--authorization-mode=Node,RBAC`, after its own rule for `system:masters`.
"""

from podvisor.apiserver import kinds
from podvisor.apiserver.access import AnyOf, MastersOnly
from podvisor.apiserver.access.nodes import Nodes
from podvisor.apiserver.access.rbac import Rbac
from podvisor.apiserver.storage import Storage
from podvisor.store.backend import Backend


def authorizer(store: Backend, rbac: Rbac) -> AnyOf:
    """The authorizer over what `store` holds, with roles that somebody keeps current."""
    return AnyOf((MastersOnly(), Nodes(Storage(store), kinds.catalogue()), rbac))
