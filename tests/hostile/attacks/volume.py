"""A volume that is filled through mappings of sparse files, named ones and removed ones. Argument: where."""

import mmap
import os
import sys

kept = []
for number in range(64):
    path = f"{sys.argv[1]}/{os.getpid()}-{number}"
    file = os.open(path, os.O_RDWR | os.O_CREAT)
    os.truncate(path, 64 << 20)
    kept.append(mmap.mmap(file, 64 << 20))
    if number % 2:
        os.remove(path)
    os.close(file)
    for at in range(0, 64 << 20, 4096):
        kept[-1][at] = 1
