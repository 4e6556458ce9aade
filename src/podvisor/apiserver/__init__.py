"""The Kubernetes API over HTTP.

Decides what a request means, who may make it and what is stored. Decides nothing that a controller decides.
`cluster` makes the one `Api`, and serves it over HTTP with `app`; everyone else reaches it through the SDK or HTTP.
"""

from podvisor.apiserver.api import Api
from podvisor.apiserver.http_server import app
from podvisor.apiserver.settings import Settings

__all__ = ["Api", "Settings", "app"]
