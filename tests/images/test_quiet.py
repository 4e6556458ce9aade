import pytest

from podvisor.images.errors import quiet
from podvisor.images.registry import credentials, hosts


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot reach https://ann:secret@mirror:5000/v2/", "cannot reach https://mirror:5000/v2/"),
        ("url='http://cdn/blob?signature=secret&x=1' gone", "url='http://cdn/blob?…' gone"),
        ("two\nlines", "two lines"),
        ("https://a@b:secret@host/", "https://host/"),
    ],
)
def test_no_secret_of_an_address_is_shown(text, shown):
    assert quiet(text) == shown


def test_an_endpoints_name_has_no_password():
    (mirror, _) = hosts.Registries({"r.example": {"endpoint": ["https://ann:secret@m"]}}).endpoints("r.example", "x")
    assert mirror.host == "m"


def test_a_login_prints_nothing():
    assert "secret" not in repr(credentials.Login("ann", "secret"))
