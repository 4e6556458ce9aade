"""The short form of a PolicyRule: `verbs | groups | resources`, with the names of objects as a fourth part.

Words are divided by spaces, and the core group is written `core`. `verbs | paths` is a rule about paths.
"""

from podvisor.apiserver.resource import Json

CORE = "core"


def parse(text: str) -> Json:
    """A PolicyRule as it is stored."""
    verbs, *parts = (part.split() for part in text.split(" | "))
    if len(parts) == 1:
        return {"verbs": verbs, "nonResourceURLs": parts[0]}
    groups, resources, *names = parts
    rule: Json = {"verbs": verbs, "apiGroups": ["" if group == CORE else group for group in groups]}
    return rule | {"resources": resources} | ({"resourceNames": names[0]} if names else {})
