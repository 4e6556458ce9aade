"""The Kubernetes API over HTTP.

Decides what a request means, who may make it and what is stored. Decides nothing that a controller decides.
Only `cluster` starts it; everyone else reaches it through HTTP.
"""
