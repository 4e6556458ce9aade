"""The API server's socket, taken before anything else is started."""

import errno
import socket
from collections.abc import Generator
from contextlib import contextmanager

from podvisor.cluster.errors import PortInUse
from podvisor.cluster.settings import Settings


@contextmanager
def listening(settings: Settings) -> Generator[socket.socket]:
    """A socket that accepts connections. Raises PortInUse."""
    try:
        listener = socket.create_server((settings.address, settings.port), backlog=1024, family=_family(settings))
    except OSError as error:
        where = f"port {settings.port} of {settings.address}"
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"{where} is in use; choose another with --port, or any free one with --port 0") from error
        raise PortInUse(f"cannot listen on {where}: {error.strerror}; choose another with --port") from error
    with listener:
        yield listener


def url(listener: socket.socket) -> str:
    """Where clients on this machine reach the socket."""
    host, port = listener.getsockname()[:2]
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


def _family(settings: Settings) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in settings.address else socket.AF_INET
