"""The composition root: settings, certificates, and which pieces run in which process.

Decides how a local cluster is put together and where its files lie. Decides nothing the pieces decide. Only the
command line and tests call it.

`directory` lays out the data directory and says who has it, `certificates` and `pki` make and keep the cluster's
identities, `kubeconfig` hands them out, `tokens` and `authorization` say who is who, `server` puts the pieces
together, `lifecycle` starts, stops and describes a cluster.
"""
