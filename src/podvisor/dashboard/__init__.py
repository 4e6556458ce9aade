"""The web page of the cluster.

Decides how objects are shown. Reads and writes through the API only, with the user's own rights. Only `cluster`
starts it.
"""
