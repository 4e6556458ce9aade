"""The name of a signer: a domain and a path."""

from collections.abc import Iterator

from podvisor.types import field, names, rules

_DOMAIN = 253
_PATH = 253 + 63 + 1


def signer_name(at: rules.At) -> Iterator[field.Error]:
    """Objections, as `ValidateSignerName` of Kubernetes has them."""
    domain, *paths = at.value.split("/")
    if len(paths) != 1:
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        yield field.invalid(at.path, at.value, detail)
        return
    if len(domain.encode()) > _DOMAIN:
        yield field.too_long(at.path, _DOMAIN)
    labels = domain.split(".")
    yield from _first(at, domain, labels)
    if len(labels) < 2:
        yield field.invalid(at.path, domain, "should be a domain with at least two segments separated by dots")
    yield from _first(at, paths[0], paths[0].split("."), is_label=False)
    if len(at.value.encode()) > _DOMAIN + _PATH + 1:
        yield field.too_long(at.path, _DOMAIN + _PATH + 1)


def _first(at: rules.At, value: str, labels: list[str], *, is_label: bool = True) -> Iterator[field.Error]:
    """Objections to the first label that is wrong."""
    for label in labels:
        found = list(names.dns_label(label) if is_label else names.dns_subdomain(label))
        yield from (field.invalid(at.path, value, f'validating label "{label}": {why}') for why in found)
        if found:
            return
