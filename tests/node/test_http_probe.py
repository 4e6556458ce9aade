"""What an HTTP probe sends, and which redirects it follows."""

import pytest

from podvisor.node.http_probe import Request, next_request

ASKED = Request("http://10.42.0.2:8080/healthz?full=1", [("X-Mine", "yes")])


def lines(*headers: tuple[str, str]) -> list[str]:
    return Request(ASKED.url, headers).encode().decode().rstrip("\r\n").split("\r\n")


def test_request_has_the_kubelets_headers():
    assert lines(("X-Mine", "yes")) == [
        "GET /healthz?full=1 HTTP/1.1",
        "Host: 10.42.0.2:8080",
        "User-Agent: kube-probe/1.33",
        "Accept: */*",
        "X-Mine: yes",
        "Connection: close",
    ]


@pytest.mark.parametrize("name", ["Accept", "user-agent"])
def test_empty_value_of_a_usual_header_means_that_there_is_to_be_none(name: str):
    assert not [line for line in lines((name, "")) if line.lower().startswith(name.lower())]


def test_host_header_is_the_one_that_is_given_and_repeated_headers_stay():
    sent = lines(("host", "example.org"), ("X-A", "1"), ("X-A", "2"), ("X-Empty", ""))
    assert [line for line in sent if line.startswith(("Host", "X-"))] == [
        "Host: example.org",
        "X-A: 1",
        "X-A: 2",
        "X-Empty: ",
    ]


@pytest.mark.parametrize(
    ("location", "leads"),
    [
        ("/other", "http://10.42.0.2:8080/other"),
        ("http://10.42.0.2:9090/x", "http://10.42.0.2:9090/x"),
        ("https://10.42.0.2/", "https://10.42.0.2/"),
        ("http://example.org/", None),
        ("", None),
    ],
)
def test_redirects_are_followed_on_the_same_host_only(location: str, leads: str | None):
    found = next_request(ASKED, 302, {"location": location})
    assert (found and found.url) == leads


def test_what_is_no_redirect_decides():
    assert next_request(ASKED, 200, {"location": "/other"}) is None
    assert next_request(ASKED, 304, {"location": "/other"}) is None
