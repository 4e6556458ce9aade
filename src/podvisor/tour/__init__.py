"""The tour: a cluster of its own, the examples on it, what they cost, and the proof that nothing is left.

Decides what a newcomer sees, in which order, and what each step has to show for itself. Decides nothing about how pods
run: everything is done with the commands and the API that users have. Only the command line calls it.

`examples` are the manifests, `acts` the parts of the tour, `screen` how they are told, `hands` who acts on the cluster:
kubectl where there is one, our own client where there is not. `processes` and `traces` look at the machine.
"""
