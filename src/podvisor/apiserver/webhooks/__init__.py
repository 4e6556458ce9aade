"""Asks servers beside this one what they think of a change (webhooks of `admissionregistration.k8s.io`).

Decided here: whom to ask, what they are told, what becomes of their answers. How configurations must look is their
kinds' matter; when in the life of a write they are asked is `writing`'s. `client` is also what conversions use.
"""
