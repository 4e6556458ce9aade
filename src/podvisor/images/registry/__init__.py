"""Registries: what is asked of them, how one proves who one is, and what their answers mean.

Speaks the OCI distribution specification 1.1 and Docker's registry API V2. Decides nothing about what is kept; `pull`
calls it.
"""
