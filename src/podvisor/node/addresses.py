"""The pods' addresses, one each, from the node's range."""

from collections import deque
from ipaddress import ip_address, ip_network


class Addresses:
    """Gives each pod an address; one that comes back is given again last. The first of the range is the node's own."""

    def __init__(self, range: str) -> None:
        own, *rest = ip_network(range).hosts()
        self.own = str(own)
        self._free = deque(rest)
        self._given: dict[str, str] = {}

    def give(self, uid: str, wanted: str = "") -> str:
        """A pod's address: the one it has, or `wanted` if that is free. Raises IndexError when all are taken."""
        if uid not in self._given:
            address = ip_address(wanted) if wanted else self._free[0]
            self._given[uid] = str(address if address in self._free else self._free[0])
            self._free.remove(ip_address(self._given[uid]))
        return self._given[uid]

    def take_back(self, uid: str) -> None:
        """The pod is gone."""
        if (address := self._given.pop(uid, None)) is not None:
            self._free.append(ip_address(address))
