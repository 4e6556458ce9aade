"""The watch cache: one feed from the store for each resource that is watched, whoever watches it.

Decides who sees a change, and that it is decoded and encoded once. Does not decide where a watch begins or when it
ends, nor what a client may ask for: that is the verb's. Only `verbs.watch` calls it, and `api` runs it.
"""

from podvisor.apiserver.watching.cache import WatchCaches
from podvisor.apiserver.watching.changes import Change
from podvisor.apiserver.watching.forms import Form
from podvisor.apiserver.watching.watcher import Batch, Watcher

__all__ = ["Batch", "Change", "Form", "WatchCaches", "Watcher"]
