"""Connections over loopback that are made and left, as many as there is room for."""

import socket

server = socket.create_server(("127.0.0.1", 0), backlog=4096)
kept = []
while True:
    try:
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(server.getsockname())
        kept += [client, server.accept()[0]]
        kept[-1].setblocking(False)
        kept[-1].send(bytes(100_000))
    except OSError:
        kept.clear()
