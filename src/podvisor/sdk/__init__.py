"""The client of the Kubernetes API: requests, watches, informers, work queues, leases, kubeconfig.

Decides how a program speaks to an API server and keeps a copy of what it saw. Decides nothing about what the
objects should become. Scheduler, controllers, node, dashboard, the command line and users call it.
"""
