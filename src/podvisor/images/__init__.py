"""Images: references, registries, archives, the local store, and the host's own files as an image.

Decides which layers and directories make a root file system, and where they come from. Decides nothing about how a
sandbox mounts them, nor which images a node keeps. The command line and the node call it.
"""
