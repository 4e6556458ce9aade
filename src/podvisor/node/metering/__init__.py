"""What pods and the machine use: measured, and shown as the kubelet shows it.

Decides what is measured, when, and in which words it is shown (`summary`, `exposition`). What follows from it is
decided elsewhere: the API server's metrics.k8s.io, and the node's own evictions. `run` keeps a `Meter`, `server` asks.
"""
