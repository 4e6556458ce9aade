"""Timers and sockets in messages that nobody can receive, left by processes that end."""

import ctypes
import os
import socket
import struct

libc = ctypes.CDLL(None)
while True:
    if os.fork() == 0:
        for _ in range(50):
            left, right = socket.socketpair()
            timer = libc.timerfd_create(1, 0)
            libc.timerfd_settime(timer, 0, struct.pack("qqqq", 0, 1000, 0, 1000), None)
            socket.send_fds(left, [b"x"], [timer, left.fileno(), right.fileno()])
        os._exit(0)
    os.wait()
