"""The `proxy` subresources: requests that are passed on to pods, Services and nodes.

Decided here: what of a request and of its answer is passed on, and how links are kept within the proxy's path. Not
decided: which pod answers and how it is reached, which is the matter of `reach`. Follows apimachinery `pkg/util/proxy`.
"""
