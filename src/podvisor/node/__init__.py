"""The kubelet's work: pods, probes, volumes, images, logs, stats.

Decides how a pod bound to this machine is run and reported. Reaches the cluster through the API only. Only
`cluster` starts it.
"""
