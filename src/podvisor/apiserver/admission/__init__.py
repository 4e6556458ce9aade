"""What happens to a change between its defaults and its validation, with a look at other objects.

Decides what Kubernetes' own admission plugins decide: whether a namespace takes new objects, which ServiceAccount a
pod runs as, what it tolerates, what its runtime class adds, who may give which rights. Rules that need only the object
itself belong to its kind's hooks.
"""

from collections.abc import Sequence

from podvisor.apiserver.admission import certificates
from podvisor.apiserver.admission.accounts import service_account
from podvisor.apiserver.admission.addresses import allocate
from podvisor.apiserver.admission.chain import Plugin
from podvisor.apiserver.admission.ingresses import ingress_class
from podvisor.apiserver.admission.limits import limit_defaults, limit_range
from podvisor.apiserver.admission.namespaces import lifecycle
from podvisor.apiserver.admission.nodes import node_restriction
from podvisor.apiserver.admission.pods import priority, priority_class, tolerations
from podvisor.apiserver.admission.roles import escalation
from podvisor.apiserver.admission.runtimes import runtime_class
from podvisor.apiserver.admission.storage import default_class, protection, resize
from podvisor.apiserver.podsecurity.plugin import pod_security
from podvisor.apiserver.policies import permissions, typechecking
from podvisor.apiserver.policies import validating as policies
from podvisor.apiserver.webhooks import calls as webhooks

_BUILT_IN: Sequence[Plugin] = (
    lifecycle,
    node_restriction,
    escalation,
    service_account,
    priority,
    tolerations,
    runtime_class,
    limit_defaults,
    default_class,
    ingress_class,
    protection,
)
PLUGINS: Sequence[Plugin] = (
    *_BUILT_IN,
    webhooks.mutating(_BUILT_IN),
    # After whatever may change an object: nobody says in another's name who asks for a certificate.
    certificates.requester,
    typechecking.status,
    allocate,
)
"""In the order in which they are asked, before an object's own rules."""
VALIDATING: Sequence[Plugin] = (
    permissions.parameters,
    priority_class,
    limit_range,
    pod_security,
    resize,
    certificates.approval,
    certificates.signing,
    certificates.subject_restriction,
    policies.validating,
    webhooks.validating,
)
"""Those that change nothing, asked after an object's own rules. `quotas` comes last, as a part of the write itself."""
