"""Ending pods before the machine runs out of memory, disk or processes: the kubelet's eviction manager.

Decides when there is pressure (`pressure`), whose pod ends for it (`ranking`) and in which words (`limits`, `manager`).
What is used comes from `metering`; how a pod ends is the worker's. `run` keeps one `Manager` a node.
https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
"""
