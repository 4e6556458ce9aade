"""Addresses, services, names and policy of the pod network.

Decides who may connect to whom and where a connection goes. The kernel carries the data. Only the node calls it.
"""
