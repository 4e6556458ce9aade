"""Attempts to get out of a sandbox, to take more than was given, or to reach a cluster without a right to.

Each attempt is a program that an attacker would run, with what it may gain: nothing. They are tried as whoever runs the
tests, with namespaces and where the host allows none. What a *race* may gain is tried by `tests/run/races`.
"""
