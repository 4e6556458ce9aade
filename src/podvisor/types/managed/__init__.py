"""Who owns which field of an object: the structured merge behind server-side apply, as functions of data.

Decides what a set of fields is, what two objects differ in and how a configuration merges into an object. Does not
decide who writes or when: the API server does. https://kubernetes.io/docs/reference/using-api/server-side-apply/ ; the
results are those of sigs.k8s.io/structured-merge-diff.
"""
