"""What is refused of Lease: one mistake each, and what the real server says."""

from apiserver.validation.samples import Change, Mistake

# One sample after the other, as tight as a table can be.
# fmt: off
BASE = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}, "spec": {}}
MISTAKES: list[Mistake] = [
    ({"spec": {"leaseDurationSeconds": 0}}, [
        "Invalid spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"]),
    ({"spec": {"leaseTransitions": -1}}, [
        "Invalid spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"]),
    ({"spec": {"strategy": "Some"}}, [
        "NotSupported spec.strategy.strategy: Unsupported value: \"Some\": supported values: \"OldestEmulation…"]),
    ({"spec": {"strategy": "a b/c"}}, [
        "Invalid spec.strategy.strategy: Invalid value: \"a b/c\": prefix part a lowercase RFC 1123 subdomain …"]),
    ({"spec": {"preferredHolder": "x"}}, [
        "Forbidden spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"]),
]
CHANGES: list[Change] = [
    ({}, {"spec": {"leaseDurationSeconds": -1}}, [
        "Invalid spec.leaseDurationSeconds: Invalid value: -1: must be greater than 0"]),
]
# fmt: on
