"""One file per verb: what a request does to the objects of a resource.

Decides the order of defaulting, admission, validation and storage, and the meaning of resourceVersion. What is special
about a kind lives in its record (`kinds`), what is special about a path below an object in `subresources`.
"""
