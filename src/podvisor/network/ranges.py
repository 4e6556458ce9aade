"""Addresses of the range of Services that have a meaning of their own."""

from ipaddress import ip_network
from itertools import islice

_DNS = 10
"""As kubeadm and others have it, so that it is what people expect."""


def dns(services: str) -> str | None:
    """The address of the cluster's DNS: the tenth; None where the range is too small for it."""
    found = next(islice(ip_network(services).hosts(), _DNS - 1, None), None)
    return str(found) if found else None
