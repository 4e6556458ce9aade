"""Formats that schemas can ask of strings: what go-openapi's strfmt takes, and what not."""

import pytest

from podvisor.types.structural import formats

SAMPLES = {
    "bsonobjectid": (["507f1f77bcf86cd799439011"], ["507f"]),
    "uri": (["https://a.b/c?d", "/path"], ["a b", ""]),
    "email": (["a@b.c"], ["a", "@b"]),
    "hostname": (["a.example.com", "localhost"], ["-a", "a..b", "a" * 64, ""]),
    "ipv4": (["1.2.3.4"], ["::1", "1.2.3", "256.1.1.1"]),
    "ipv6": (["::1", "2001:db8::1"], ["1.2.3.4", "fe80::1%eth0"]),
    "cidr": (["10.0.0.0/8", "2001:db8::/32"], ["10.0.0.0", "10.0.0.0/33"]),
    "mac": (["01:23:45:67:89:ab"], ["01:23"]),
    "uuid": (["f47ac10b-58cc-0372-8567-0e02b2c3d479"], ["f47ac10b"]),
    "uuid4": (["f47ac10b-58cc-4372-a567-0e02b2c3d479"], ["f47ac10b-58cc-0372-8567-0e02b2c3d479"]),
    "isbn10": (["0321751043"], ["0321751044"]),
    "isbn13": (["978-0321751041"], ["978-0321751042"]),
    "creditcard": (["4111-1111-1111-1111"], ["4111-1111-1111-1112"]),
    "ssn": (["111-11-1111"], ["111"]),
    "hexcolor": (["#FFF", "aabbcc"], ["#GG0000"]),
    "rgbcolor": (["rgb(255, 0,10)"], ["rgb(256,0,0)"]),
    "byte": (["aGVsbG8="], ["aGVsbG8", "!"]),
    "date": (["2006-01-02"], ["2006-13-02", "20060102"]),
    "date-time": (["2014-12-15T19:30:20.000Z", "2014-12-15T19:30:20+01:00"], ["2014-12-15", "x"]),
    "duration": (["1h30m", "22 ns", "3 days"], ["1 parsec", "x"]),
    "password": (["", "anything"], []),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_a_format_takes(name):
    check = formats.known(name)
    assert check is not None
    good, bad = SAMPLES[name]
    assert [one for one in good if not check(one)] == []
    assert [one for one in bad if check(one)] == []


def test_formats_that_ask_nothing():
    assert formats.known("int32") is formats.known("nonsense") is None
