"""The good pod: requests over loopback, a hundred a second; the microseconds of those of each second are a line."""

import os
import socket
import time

server = socket.create_server(("127.0.0.1", 0))
if os.fork() == 0:
    while True:
        connection, _ = server.accept()
        with connection:
            request = connection.recv(4096)
            connection.sendall(request * 10)

while True:
    taken = []
    end = time.monotonic() + 1
    while (began := time.monotonic()) < end:
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"x" * 100)
            left = 1000
            while left:
                left -= len(client.recv(left))
        taken.append(round((time.monotonic() - began) * 1e6))
        time.sleep(0.01)
    print(*taken, flush=True)
