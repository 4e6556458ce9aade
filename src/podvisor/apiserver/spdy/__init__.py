"""SPDY/3.1 as Kubernetes' clients speak it for exec, attach and port-forward.

Decided here: frames, headers, streams, and what a peer may ask for at most. Not decided: what a stream is for, which is
`streams`' matter. https://www.chromium.org/spdy/spdy-protocol/spdy-protocol-draft3-1/

The protocol is our own code because no library keeps it: PyPI has `python-spdylay` (2012, bindings to a library that is
gone), `spdy-py` (2021, one release, no SPDY/3.1 windows, no bounds on what a peer sends) and nothing else.
"""
