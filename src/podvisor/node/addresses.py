"""The pods' addresses, one each, from the node's range. Nothing routes them yet."""

from ipaddress import ip_address, ip_network


class Addresses:
    """Gives each pod the lowest address that is free; the first of the range is the node's own."""

    def __init__(self, range: str) -> None:
        network = ip_network(range)
        self._free = [int(address) for address in network.hosts()][1:]
        self._kind = network.version
        self._given: dict[str, int] = {}

    def give(self, uid: str, wanted: str = "") -> str:
        """A pod's address: `wanted` if that is free. Raises IndexError when all are taken."""
        if uid not in self._given:
            number = int(ip_address(wanted)) if wanted else 0
            self._given[uid] = number if number in self._free else self._free[0]
            self._free.remove(self._given[uid])
        return str(ip_address(self._given[uid]))

    def take_back(self, uid: str) -> None:
        """The pod is gone."""
        if (number := self._given.pop(uid, None)) is not None:
            self._free.append(number)
