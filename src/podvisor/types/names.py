"""Which names, label keys and values Kubernetes accepts (apimachinery `pkg/util/validation`)."""

import re
from collections.abc import Iterator, Mapping

from podvisor.types import field

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_is_label = re.compile(_LABEL).fullmatch
_is_relaxed_label = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?").fullmatch
_is_subdomain = re.compile(_SUBDOMAIN).fullmatch
_is_search_domain = re.compile(r"[a-z0-9_]([-_a-z0-9]*[a-z0-9])?(\.[a-z0-9_]([-_a-z0-9]*[a-z0-9])?)*").fullmatch
_is_qualified = re.compile(_QUALIFIED).fullmatch
_is_label_value = re.compile(f"({_QUALIFIED})?").fullmatch
_is_path = re.compile(_PATH).fullmatch
_is_env = re.compile(r"[ -<>-~]+").fullmatch
_is_config_key = re.compile(r"[-._a-zA-Z0-9]+").fullmatch
_is_port_name = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?").fullmatch

LABEL_MESSAGE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
LABEL_1035_MESSAGE = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
WILDCARD_MESSAGE = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', "
    "regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
QUALIFIED_MESSAGE = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_QUALIFIED_FORM = QUALIFIED_MESSAGE.replace("name part", "a qualified name", 1)
VALUE_MESSAGE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
ENV_MESSAGE = "a valid environment variable name must consist only of printable ASCII characters other than '='"
PATH_MESSAGE = f"Invalid path (e.g. 'test.io/path',  or regex used for validation is '{_PATH}')"
CONFIG_KEY_MESSAGE = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


def dns_label(value: str) -> Iterator[str]:
    """Objections to a DNS-1123 label: namespaces, container names."""
    if len(value) > 63:
        yield "must be no more than 63 characters"
    if not _is_label(value):
        yield "must not contain dots" if _is_subdomain(value) else LABEL_MESSAGE


def dns_1035_label(value: str) -> Iterator[str]:
    """Objections to a DNS-1035 label: services."""
    if len(value) > 63:
        yield "must be no more than 63 characters"
    if not _is_relaxed_label(value):
        yield LABEL_1035_MESSAGE


def dns_subdomain(value: str) -> Iterator[str]:
    """Objections to a DNS-1123 subdomain: most objects."""
    if len(value) > 253:
        yield "must be no more than 253 characters"
    if not _is_subdomain(value):
        yield SUBDOMAIN_MESSAGE


def wildcard_subdomain(value: str) -> Iterator[str]:
    """Objections to a subdomain whose first part is `*`: hosts of an Ingress."""
    if len(value) > 253:
        yield "must be no more than 253 characters"
    if not value.startswith("*.") or not _is_subdomain(value[2:]):
        yield WILDCARD_MESSAGE


def dns_subdomain_with_underscore(value: str) -> Iterator[str]:
    """Objections to a domain where names are looked for: `_` may stand in it, and `.` is the root."""
    if value != "" and not _is_search_domain(value):
        yield SUBDOMAIN_MESSAGE.replace("characters, '-'", "characters, '_', '-'")


def path_segment(value: str) -> Iterator[str]:
    """Objections to a name that only has to fit into a path: RBAC objects."""
    if value in (".", ".."):
        yield f"may not be '{value}'"
    for character in "/%":
        if character in value:
            yield f"may not contain '{character}'"


def qualified(value: str) -> Iterator[str]:
    """Objections to a `[prefix/]name`: label and annotation keys, finalizers."""
    if value.count("/") > 1:
        yield f"{_QUALIFIED_FORM} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return
    prefix, slash, name = value.rpartition("/")
    if slash and not prefix:
        yield "prefix part must be non-empty"
    elif slash:
        yield from (f"prefix part {message}" for message in dns_subdomain(prefix))
    if not name:
        yield "name part must be non-empty"
    if len(name) > 63:
        yield "name part must be no more than 63 characters"
    if not _is_qualified(name):
        yield QUALIFIED_MESSAGE


def domain_prefixed_path(value: str) -> Iterator[str]:
    """Objections to a `domain/path`, as who manages a job is named."""
    domain, slash, path = value.partition("/")
    if not value or not slash or not domain or not path:
        yield 'must be a domain-prefixed path (such as "acme.io/foo")'
        return
    yield from dns_subdomain(domain)
    if not _is_path(path):
        yield PATH_MESSAGE


def domain_path(value: str, path: field.Path) -> Iterator[field.Error]:
    """Objections to a `domain/path` that show the part that is wrong, as controllers are named."""
    domain, _, rest = value.partition("/")
    if not domain or not rest:
        yield field.invalid(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')
        return
    yield from (field.invalid(path, domain, why) for why in dns_subdomain(domain))
    if not _is_path(rest):
        yield field.invalid(path, rest, f"Invalid path (regex used for validation is '{_PATH}')")


def fully_qualified(value: str, path: field.Path) -> Iterator[field.Error]:
    """Objections to a DNS name with at least two parts."""
    if not value:
        yield field.required(path)
        return
    name = value.removesuffix(".")
    wrong = [*dns_subdomain(name)]
    yield from (field.invalid(path, name, why) for why in wrong)
    if not wrong and "." not in name:
        yield field.invalid(path, name, "should be a domain with at least two segments separated by dots")
    for part in name.split(".") if not wrong else ():
        yield from (field.invalid(path, part, why) for why in dns_label(part))


def label_key(key: str, path: field.Path) -> Iterator[field.Error]:
    """Objections to the key of a label."""
    yield from (field.invalid(path, key, message) for message in qualified(key))


def value_of_label(value: str) -> Iterator[str]:
    """Objections to the value of a label."""
    if len(value) > 63:
        yield "must be no more than 63 characters"
    if not _is_label_value(value):
        yield VALUE_MESSAGE


def label_value(value: str, path: field.Path) -> Iterator[field.Error]:
    """Objections to the value of a label at `path`."""
    yield from (field.invalid(path, value, message) for message in value_of_label(value))


def labels(given: Mapping[str, str], path: field.Path) -> Iterator[field.Error]:
    """Objections to a map of labels."""
    for key, value in given.items():
        yield from label_key(key, path)
        yield from label_value(value, path)


def annotations(given: Mapping[str, str], path: field.Path) -> Iterator[field.Error]:
    """Objections to a map of annotations: their keys, and 256 KiB in all."""
    for key in given:
        yield from (field.invalid(path, key, message) for message in qualified(key.lower()))
    if sum(len(key.encode()) + len(value.encode()) for key, value in given.items()) > 256 * 1024:
        yield field.too_long(path, 256 * 1024)


def env_name(value: str) -> Iterator[str]:
    """Objections to the name of an environment variable."""
    if not _is_env(value):
        yield ENV_MESSAGE


def config_key(value: str) -> Iterator[str]:
    """Objections to a key of a ConfigMap or Secret."""
    if len(value) > 253:
        yield "must be no more than 253 characters"
    if not _is_config_key(value):
        yield CONFIG_KEY_MESSAGE
    elif value in (".", "..") or value.startswith(".."):
        yield f"must not be '{value}'" if value in (".", "..") else "must not start with '..'"


def port_name(value: str) -> Iterator[str]:
    """Objections to the name of a port, an IANA service name."""
    if len(value) > 15:
        yield "must be no more than 15 characters"
    if not _is_port_name(value):
        yield "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
    if not re.search("[a-z]", value):
        yield "must contain at least one letter (a-z)"
    if "--" in value:
        yield "must not contain consecutive hyphens"
    if value.startswith("-") or value.endswith("-"):
        yield "must not begin or end with a hyphen"
