"""Kubeconfig files for those who use a cluster.

https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/. Written as JSON, which every YAML reader takes.
"""

import base64
import json

from podvisor.cluster.certificates import Pair

NAME = "podvisor"
"""The name of the cluster and of its context."""


def render(url: str, authority: bytes, user: str, client: Pair) -> bytes:
    """A file that leads to `url` as `user`."""
    cluster = {"server": url, "certificate-authority-data": _base64(authority)}
    credentials = {
        "client-certificate-data": _base64(client.certificate),
        "client-key-data": _base64(client.key),
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": user}}],
        "current-context": NAME,
    }
    return json.dumps(config, indent=2).encode() + b"\n"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
