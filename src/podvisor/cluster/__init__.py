"""The composition root: settings, certificates, and which pieces run in which process.

Decides how a local cluster is put together and where its files lie. Decides nothing the pieces decide. Only the
command line calls it.
"""
