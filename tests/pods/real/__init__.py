"""Real programs in images of their own: made of Debian's packages, pushed to a real registry, run alone and as pods.

They take minutes and some hundred megabytes: `make test-images` runs them, `make test` does not.
"""
