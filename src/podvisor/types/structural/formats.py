"""The formats of strings that schemas can ask for (go-openapi's `strfmt`); every other format asks nothing."""

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from urllib.parse import urlsplit

_UUID = "[0-9a-f]{8}-?[0-9a-f]{4}-?%s[0-9a-f]{3}-?%s[0-9a-f]{3}-?[0-9a-f]{12}"
_LABEL = re.compile(r"[a-zA-Z0-9\u00a1-\uffff]([-a-zA-Z0-9\u00a1-\uffff]*[a-zA-Z0-9\u00a1-\uffff])?")
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_MAC = re.compile(
    r"([0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}|[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){7}|[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){19}"
    r"|[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){2}|[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){3}|[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){9})"
)
_CARD = re.compile(
    r"(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})"
)
_RGB = re.compile(
    r"rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,"
    r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)"
)
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)([.,]\d+)?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)
_DURATION = re.compile(r"[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+|[+-]?0", re.ASCII)
_LONG_DURATION = re.compile(r"((\d+)\s*([A-Za-zµ]+))", re.ASCII)  # Words as in Scala, which strfmt takes as well.
_UNITS = (
    *("ns", "nano", "nanosecond", "us", "µs", "micro", "microsecond", "ms", "milli", "millisecond"),
    *("s", "sec", "second", "m", "min", "minute", "h", "hr", "hour", "d", "day", "w", "wk", "week"),
)


def _matches(pattern: str, flags: int = re.IGNORECASE) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags | re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _is_uri(text: str) -> bool:
    if not text or any(character <= " " or character == "\x7f" for character in text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.scheme) or text.startswith("/")
    except ValueError:
        return False


def _is_hostname(text: str) -> bool:
    parts = text.removesuffix(".").split(".")
    return len(text) <= 255 and all(len(part) <= 63 and _LABEL.fullmatch(part) for part in parts)


def _is_address(version: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version == version and "%" not in text
        except ValueError:
            return False

    return check


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text and text.rpartition("/")[2].isdecimal()


def _is_base64(text: str) -> bool:
    try:
        return bool(text) and bool(base64.b64decode(text, validate=True))
    except ValueError:
        return False


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2006-01-02")


def _is_datetime(text: str) -> bool:
    if (found := _DATE_TIME.fullmatch(text)) is None:
        return False
    try:
        datetime.fromisoformat(f"{found[1]}T{found[2]}")
    except ValueError:
        return False
    return True


def _is_duration(text: str) -> bool:
    if _DURATION.fullmatch(text):
        return True
    found = _LONG_DURATION.match(text)
    return found is not None and (found[3].removesuffix("s") in _UNITS or found[3] in _UNITS)


def _digits(text: str) -> str:
    return re.sub(r"[\s-]", "", text)


def _is_isbn10(text: str) -> bool:
    plain = _digits(text)
    if not re.fullmatch(r"\d{9}[\dX]", plain, re.ASCII):
        return False
    return sum((10 - place) * (10 if one == "X" else int(one)) for place, one in enumerate(plain)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    plain = _digits(text)
    if not re.fullmatch(r"\d{13}", plain, re.ASCII):
        return False
    return sum((1, 3)[place % 2] * int(one) for place, one in enumerate(plain)) % 10 == 0


def _is_card(text: str) -> bool:
    plain = re.sub(r"\D", "", text, flags=re.ASCII)
    if not _CARD.fullmatch(plain):
        return False
    doubled = (int(one) * (1 + place % 2) for place, one in enumerate(reversed(plain)))
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


_KNOWN: Mapping[str, Callable[[str], bool]] = {
    "bsonobjectid": _matches("[0-9a-f]{24}"),
    "uri": _is_uri,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "hostname": _is_hostname,
    "ipv4": _is_address(4),
    "ipv6": _is_address(6),
    "cidr": _is_network,
    "mac": lambda text: _MAC.fullmatch(text) is not None,
    "uuid": _matches(_UUID % ("[0-9a-f]", "[0-9a-f]")),
    "uuid3": _matches(_UUID % ("3", "[0-9a-f]")),
    "uuid4": _matches(_UUID % ("4", "[89ab]")),
    "uuid5": _matches(_UUID % ("5", "[89ab]")),
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "creditcard": _is_card,
    "ssn": _matches(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _matches("#?([0-9a-f]{3}|[0-9a-f]{6})"),
    "rgbcolor": lambda text: _RGB.fullmatch(text) is not None,
    "byte": _is_base64,
    "password": lambda _: True,
    "date": _is_date,
    "duration": _is_duration,
    "datetime": _is_datetime,
}


def known(format: str) -> Callable[[str], bool] | None:
    """What tells texts of a format from others; None for a format that asks nothing."""
    return _KNOWN.get(format.replace("-", ""))
