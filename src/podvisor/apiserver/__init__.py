"""The Kubernetes API over HTTP.

Decides what a request means, who may make it and what is stored. Decides nothing that a controller decides.
Only `cluster` starts it, with `app`; everyone else reaches it through HTTP.
"""

from podvisor.apiserver.app import app
from podvisor.apiserver.settings import Settings

__all__ = ["Settings", "app"]
