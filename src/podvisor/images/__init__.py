"""Images: references, the local store, unpacking, and the host's own files as an image.

Decides which directories make a root file system. Decides nothing about how a sandbox mounts them. The command
line and the node call it.
"""
