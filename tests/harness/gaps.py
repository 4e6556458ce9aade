"""What is known not to behave as on Linux yet, by the end of a test's name, and why."""

import pytest

FILE_CALLS_ARE_HERE = True

GAPS: dict[str, str] = {}


def mark(nodeid: str) -> pytest.MarkDecorator | None:
    """The mark of a test that is known to fail for now. Strict: a gap that is mended asks to be struck out."""
    if not FILE_CALLS_ARE_HERE:
        return pytest.mark.skip(reason="the kernel answers no file calls yet")
    reason = next((why for name, why in GAPS.items() if nodeid.endswith(name)), None)
    return pytest.mark.xfail(reason=reason, strict=True) if reason else None
