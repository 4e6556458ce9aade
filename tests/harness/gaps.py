"""What is known not to behave as on Linux yet, by the end of a test's name, and why."""

GAPS: dict[str, str] = {}


def reason(nodeid: str) -> str | None:
    """Why this test fails for now, if it is known to."""
    return next((why for name, why in GAPS.items() if nodeid.endswith(name)), None)
