"""Addresses, services, names and policy of the pod network.

Decides where a connection goes: what the node's switch is told of pods and Services. The switch and the kernels carry
it out, docs/network.md. Only the node calls this room, with plain data: it knows no client of the API.
"""
