"""Who may do what until RBAC is here: the cluster's own components, and masters, everything; others nothing.

The components are those that have roles of their own in
https://kubernetes.io/docs/reference/access-authn-authz/rbac/#core-component-roles; with these they may do less.
"""

from podvisor.apiserver.access import Attributes, Decision, User

TRUSTED_USERS = frozenset({"system:kube-scheduler", "system:kube-controller-manager"})
TRUSTED_GROUPS = frozenset({"system:masters", "system:nodes"})


class TrustedOnly:
    """An `Authorizer` that knows whole users and groups only."""

    async def authorize(self, user: User, asked: Attributes) -> Decision:
        return Decision(user.name in TRUSTED_USERS or not TRUSTED_GROUPS.isdisjoint(user.groups))
