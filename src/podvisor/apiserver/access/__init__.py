"""Who asks, and whether they may.

Decides authentication (client certificates, bearer tokens) and authorization. Does not look at the content of
objects. Only the dispatcher calls it; the composition root says which authenticators and which authorizer there are.
"""

from podvisor.apiserver.access.certificates import ClientCertificates
from podvisor.apiserver.access.impersonation import act_as
from podvisor.apiserver.access.policy import (
    Access,
    AnyOf,
    Attributes,
    Authenticator,
    Authorizer,
    Decision,
    MastersOnly,
    Rule,
)
from podvisor.apiserver.access.tokens import Known, Rejected, Tokens, TokenSource
from podvisor.apiserver.access.users import User

__all__ = [
    "Access",
    "AnyOf",
    "Attributes",
    "Authenticator",
    "Authorizer",
    "ClientCertificates",
    "Decision",
    "Known",
    "MastersOnly",
    "Rejected",
    "Rule",
    "TokenSource",
    "Tokens",
    "User",
    "act_as",
]
