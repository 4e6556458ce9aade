"""Clock, backoff, tasks, logs and settings: what every other room stands on.

Decides how time passes, how tasks are grouped and how retries are spaced. Knows nothing of Kubernetes and
does no I/O of its own. Every room may call it; it calls none.
"""
