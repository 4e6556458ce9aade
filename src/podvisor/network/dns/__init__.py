"""The cluster's DNS: names of Services and pods, for pods.

Decides what a name means (`zone`), speaks DNS (`codec`, `server`) and asks others for names that are not the cluster's
(`forwarding`). Does not know where Services come from: whoever serves it hands in a `zone.Cluster`.
"""
