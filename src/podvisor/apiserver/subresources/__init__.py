"""Paths below an object: status, scale, binding, eviction, token, log, exec, attach, finalize.

Each module does one; `table` says which path is whose. What streams is in `streams`.
"""
