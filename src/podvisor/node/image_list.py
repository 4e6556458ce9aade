"""What a node's status says of its images (`status.images`), which the scheduler's ImageLocality looks at."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from podvisor.images import local, reference

MOST = 50
"""How many images are named, the largest first (the kubelet's `nodeStatusMaxImages`)."""
MOST_NAMES = 5
"""How many names of one."""


def images(known: Iterable[local.Image]) -> list[dict[str, Any]]:
    """The images by their digests and names."""
    sizes: dict[str, int] = {}
    names: defaultdict[str, list[str]] = defaultdict(list)
    for one in known:
        named = reference.parse(one.name)
        by_digest = f"{named.registry}/{named.repository}@{one.digest}"
        sizes[one.digest] = one.size_bytes
        names[one.digest] += [name for name in (by_digest, one.name) if name not in names[one.digest]]
    largest = sorted(sizes, key=lambda digest: (-sizes[digest], digest))[:MOST]
    return [
        {"names": sorted(names[one], key=lambda name: "@" not in name)[:MOST_NAMES], "sizeBytes": sizes[one]}
        for one in largest
    ]
