"""Admission policies: rules in CEL that are objects of the cluster (`admissionregistration.k8s.io`).

Decided here: what a policy's expressions may speak of, which policies a change concerns, what becomes of their results.
How policies must look is their kinds' matter, when they are asked `admission`'s, what expressions mean `types.cel`'s.
https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/
"""
