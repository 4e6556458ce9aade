"""Images as files and directories: what they hold, and how they are written.

Reads OCI layouts and `docker save`'s archives, directories and archives of root file systems, and EROFS images; writes
the first two. Nothing that an archive says is believed before it is checked. Decides nothing about what is kept.
"""
