"""Addresses, paths, percentages: what is accepted, and the words of a refusal."""

from collections.abc import Callable, Iterable

import pytest

from podvisor.types import field, formats, names

Form = Callable[[str], Iterable[str]]

ACCEPTED: list[tuple[Form, str]] = [
    (formats.ip, "10.9.8.7"),
    (formats.ip, "2001:db8::1"),
    (formats.ip, "010.009.008.007"),
    (formats.ip, "::ffff:10.0.0.1"),
    (formats.cidr, "10.0.0.0/8"),
    (formats.cidr, "10.0.0.1/8"),
    (formats.cidr, "2001:db8::/64"),
    (formats.http_header, "X-Request-ID"),
    (formats.percent, "0%"),
    (formats.percent, "150%"),
    (formats.no_backsteps, "/a/..b/c.."),
    (formats.descending, "a/b"),
    (formats.unreserved, "a/..b"),
    (formats.endpoint_ip, "10.0.0.1"),
    (formats.endpoint_ip, "239.1.1.1"),
    (names.dns_label, "a" * 63),
    (names.dns_label, "1-a"),
    (names.dns_1035_label, "a-1"),
    (names.dns_subdomain, ".".join(["a" * 63] * 3)),
    (names.dns_subdomain_with_underscore, "_tcp.a_b"),
    (names.qualified, "example.com/Name_1.x"),
    (names.qualified, "A"),
    (names.path_segment, "system:node"),
    (names.env_name, "a.b-c D"),
    (names.config_key, ".hidden"),
    (names.config_key, "a..b"),
    (names.port_name, "http-2"),
    (names.domain_prefixed_path, "acme.io/a/b%20c"),
]
REFUSED: list[tuple[Form, str, str]] = [
    (formats.ip, "", formats.IP_MESSAGE),
    (formats.ip, "10.9.8", formats.IP_MESSAGE),
    (formats.ip, "1.2.3.4\n5.6.7.8 host", formats.IP_MESSAGE),
    (formats.ip, "256.0.0.1", formats.IP_MESSAGE),
    (formats.ip, "fe80::1%eth0", formats.IP_MESSAGE),
    (formats.ip, " 10.0.0.1", formats.IP_MESSAGE),
    (formats.cidr, "10.0.0.0", formats.CIDR_MESSAGE),
    (formats.cidr, "10.0.0.0/33", formats.CIDR_MESSAGE),
    (formats.cidr, "10.0.0.0/-1", formats.CIDR_MESSAGE),
    (formats.cidr, "10.0.0.0/255.0.0.0", formats.CIDR_MESSAGE),
    (formats.http_header, "X Y", formats.HEADER_MESSAGE),
    (formats.http_header, "", formats.HEADER_MESSAGE),
    (formats.percent, "1", formats.PERCENT_MESSAGE),
    (formats.percent, "-1%", formats.PERCENT_MESSAGE),
    (formats.percent, "1%%", formats.PERCENT_MESSAGE),
    (formats.no_backsteps, "a/../b", "must not contain '..'"),
    (formats.descending, "/a", "must be a relative path"),
    (formats.unreserved, "..a", "must not start with '..'"),
    (formats.endpoint_ip, "x", "must be a valid IP address"),
    (formats.endpoint_ip, "0.0.0.0", "may not be unspecified (0.0.0.0)"),
    (formats.endpoint_ip, "::", "may not be unspecified (::)"),
    (formats.endpoint_ip, "127.1.2.3", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
    (formats.endpoint_ip, "::1", "may not be in the loopback range (127.0.0.0/8, ::1/128)"),
    (formats.endpoint_ip, "169.254.1.1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
    (formats.endpoint_ip, "fe80::1", "may not be in the link-local range (169.254.0.0/16, fe80::/10)"),
    (formats.endpoint_ip, "224.0.0.1", "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"),
    (names.dns_label, "a" * 64, "must be no more than 63 characters"),
    (names.dns_label, "A", names.LABEL_MESSAGE),
    (names.dns_label, "a.b", "must not contain dots"),
    (names.dns_label, "a\n", names.LABEL_MESSAGE),
    (names.dns_1035_label, "1a", names.LABEL_1035_MESSAGE),
    (names.dns_subdomain, "a..b", names.SUBDOMAIN_MESSAGE),
    (names.dns_subdomain, "a." * 127, "must be no more than 253 characters"),
    (names.qualified, "/a", "prefix part must be non-empty"),
    (names.qualified, "a/", "name part must be non-empty"),
    (names.qualified, "a b", names.QUALIFIED_MESSAGE),
    (names.path_segment, "..", "may not be '..'"),
    (names.path_segment, "a%b", "may not contain '%'"),
    (names.env_name, "a=b", names.ENV_MESSAGE),
    (names.env_name, "a\tb", names.ENV_MESSAGE),
    (names.config_key, "..", "must not be '..'"),
    (names.config_key, "..a", "must not start with '..'"),
    (names.config_key, "a" * 254, "must be no more than 253 characters"),
    (names.port_name, "a" * 16, "must be no more than 15 characters"),
    (names.port_name, "80", "must contain at least one letter (a-z)"),
    (names.port_name, "a--b", "must not contain consecutive hyphens"),
    (names.domain_prefixed_path, "acme", 'must be a domain-prefixed path (such as "acme.io/foo")'),
    (names.domain_prefixed_path, "Acme.io/x", names.SUBDOMAIN_MESSAGE),
    (names.domain_prefixed_path, "acme.io/a b", names.PATH_MESSAGE),
]


@pytest.mark.parametrize(("form", "text"), ACCEPTED)
def test_accepted(form: Form, text: str) -> None:
    assert list(form(text)) == []


@pytest.mark.parametrize(("form", "text", "message"), REFUSED)
def test_refused(form: Form, text: str, message: str) -> None:
    assert message in list(form(text))


def test_the_nodes_own_address_will_do_where_that_is_said() -> None:
    assert list(formats.endpoint_ip("127.0.0.1", loopback=True)) == []
    assert list(formats.endpoint_ip("0.0.0.0", loopback=True))


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("a.b.", []),
        ("host", ["should be a domain with at least two segments separated by dots"]),
        ("A.b", [names.SUBDOMAIN_MESSAGE]),
        ("a" * 64 + ".b", ["must be no more than 63 characters"]),
    ],
)
def test_names_in_full(text: str, messages: list[str]) -> None:
    found = [error.message for error in names.fully_qualified(text, field.Path("a"))]
    assert [message.partition(": ")[2].partition(": ")[2] for message in found] == messages


def test_labels_and_annotations_are_maps_with_bounds() -> None:
    path = field.Path("metadata.labels")
    assert [str(error) for error in names.labels({"a": "b c"}, path)] == [
        f'metadata.labels: Invalid value: "b c": {names.VALUE_MESSAGE}'
    ]
    assert list(names.labels({"a": "", "x.io/b": "C_d.e"}, path)) == []
    assert [error.message for error in names.labels({"a": "b" * 64}, path)] == [
        f'Invalid value: "{"b" * 64}": must be no more than 63 characters'
    ]
    huge = names.annotations({"a": "b" * (256 * 1024)}, path)
    assert [str(error) for error in huge] == ["metadata.labels: Too long: may not be more than 262144 bytes"]
    assert list(names.annotations({"A/B": "any text"}, path)) == []


ERRORS = [
    (field.invalid("a", [1, "x"], "why"), "FieldValueInvalid", 'a: Invalid value: [1,"x"]: why'),
    (field.invalid("a", None, "why"), "FieldValueInvalid", "a: Invalid value: null: why"),
    (field.invalid_place("a", "why"), "FieldValueInvalid", "a: Invalid value: why"),
    (field.required("a"), "FieldValueRequired", "a: Required value"),
    (field.required("a", "why"), "FieldValueRequired", "a: Required value: why"),
    (
        field.unsupported("a", "x", ("c", "b")),
        "FieldValueNotSupported",
        'a: Unsupported value: "x": supported values: "b", "c"',
    ),
    (
        field.unsupported("a", "x", ("c", "b"), in_order=True),
        "FieldValueNotSupported",
        'a: Unsupported value: "x": supported values: "c", "b"',
    ),
    (field.duplicate("a", 1), "FieldValueDuplicate", "a: Duplicate value: 1"),
    (field.forbidden("", "why"), "FieldValueForbidden", "Forbidden: why"),
    (field.too_long("a", 5), "FieldValueTooLong", "a: Too long: may not be more than 5 bytes"),
    (field.too_many("a", 6, 5), "FieldValueTooMany", "a: Too many: 6: must have at most 5 items"),
    (field.not_found("a", "x"), "FieldValueNotFound", 'a: Not found: "x"'),
]


@pytest.mark.parametrize(("error", "reason", "text"), ERRORS)
def test_errors_read_as_in_kubernetes(error: field.Error, reason: str, text: str) -> None:
    assert (error.reason, str(error)) == (reason, text)


def test_paths() -> None:
    place = field.ROOT.child("spec", "containers").at(0).child("env").key("a.b/c")
    assert place == "spec.containers[0].env[a.b/c]"
