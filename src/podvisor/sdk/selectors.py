"""Whether labels satisfy a selector (apimachinery `pkg/labels`)."""

from collections.abc import Iterable, Mapping

from podvisor.sdk.objects.meta import LabelSelector, Requirement


def matches(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    """Whether all parts of `selector` hold. None matches nothing, an empty selector everything."""
    if selector is None or not selector.match_labels.items() <= labels.items():
        return False
    return not selector.match_expressions or meets(selector.match_expressions, labels)


def meets(requirements: Iterable[Requirement], labels: Mapping[str, str]) -> bool:
    """Whether all of these hold; `Gt` and `Lt` (node selectors only) compare whole numbers."""
    return all(_meets(requirement, labels) for requirement in requirements)


def is_empty(selector: LabelSelector) -> bool:
    """Whether it would match everything."""
    return not selector.match_labels and not selector.match_expressions


def text(selector: LabelSelector) -> str:
    """As a list request takes it, keys in order."""
    parts = [f"{key}={value}" for key, value in sorted(selector.match_labels.items())]
    for one in sorted(selector.match_expressions, key=lambda requirement: requirement.key):
        values = ",".join(one.values)
        forms = {
            "In": f"{one.key} in ({values})",
            "NotIn": f"{one.key} notin ({values})",
            "Exists": one.key,
            "DoesNotExist": f"!{one.key}",
        }
        parts.append(forms[one.operator])
    return ",".join(parts)


def _meets(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in requirement.values
        case "NotIn":
            return value not in requirement.values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(requirement, value)
        case _:
            return False


def _compares(requirement: Requirement, value: str | None) -> bool:
    try:
        difference = int(value or "") - int(requirement.values[0])
    except (ValueError, IndexError):
        return False
    return difference > 0 if requirement.operator == "Gt" else difference < 0
