"""Descriptors until none is left, in as many processes as there may be."""

import os
import resource
import time

resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
try:
    for _ in range(6):
        os.fork()
except OSError:
    pass
try:
    while True:
        os.pipe()
except OSError:
    time.sleep(5)
