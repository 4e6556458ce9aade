"""How this server reaches what runs in pods: which pod is meant, and a connection to one of its ports.

Decided here: where a connection leads and who carries it there. Not decided: what is spoken over it. The port-forwards
of `streams`, the proxy of `subresources` and `webhooks` call it.
"""
