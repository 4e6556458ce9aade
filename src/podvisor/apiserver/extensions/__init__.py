"""CustomResourceDefinitions at work: whose names are accepted, what is served, and what goes when one is deleted.

Decides how a definition becomes resources of the catalogue, and its status. Does not decide what a definition may say
(that is its kind's) nor how requests are answered. `api` runs it; nobody else calls.
"""

from podvisor.apiserver.extensions.following import Definitions

__all__ = ["Definitions"]
