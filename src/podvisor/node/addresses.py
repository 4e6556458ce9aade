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
            address = next((one for one in self._free if str(one) == wanted), self._free[0])
            self._given[uid] = str(address)
            self._free.remove(address)
        return self._given[uid]

    def take_back(self, uid: str) -> None:
        """The pod is gone."""
        if (address := self._given.pop(uid, None)) is not None:
            self._free.append(ip_address(address))
