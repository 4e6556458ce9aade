"""Forms of texts by their names: `format.dns1123Label().validate(self.name)` (apiserver `library/format.go`)."""

import base64
import binascii
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from podvisor.types import names
from podvisor.types.cel import times, values
from podvisor.types.cel.declarations import Overload, function, method
from podvisor.types.cel.errors import EvaluationError
from podvisor.types.cel.kinds import STRING, list_of, opaque, optional_of
from podvisor.types.cel.library import urls
from podvisor.types.cel.values import NONE, Optional, size

FORMAT = opaque("kubernetes.NamedFormat")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\Z", re.I)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.A)


@dataclass(frozen=True, slots=True)
class Format:
    """A form that texts may have."""

    name: str
    objections: Callable[[str], Iterable[str]]
    pattern_size: int
    """How long its regular expression counts when work is charged."""


values.register(Format, FORMAT.name)


def _uri(text: str) -> Iterable[str]:
    try:
        urls.parsed(text)
    except ValueError as error:
        yield str(error)


def _uuid(text: str) -> Iterable[str]:
    if not _UUID.match(text):
        yield "does not match the UUID format"


def _byte(text: str) -> Iterable[str]:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        yield "invalid base64"


def _date(text: str) -> Iterable[str]:
    try:
        times.timestamp(text if _DAY.match(text) else "")
    except EvaluationError:
        yield "invalid date"


def _datetime(text: str) -> Iterable[str]:
    try:
        times.timestamp(text if "T" in text else "")
    except EvaluationError:
        yield "invalid datetime"


def _prefix(objections: Callable[[str], Iterable[str]]) -> Callable[[str], Iterable[str]]:
    # A dash at the end is a name's beginning, to which something is still added.
    return lambda text: objections(f"{text[:-1]}a" if text.endswith("-") else text)


_FORMATS: dict[str, Format] = {
    "dns1123Label": Format("DNS1123Label", names.dns_label, 30),
    "dns1123Subdomain": Format("DNS1123Subdomain", names.dns_subdomain, 60),
    "dns1035Label": Format("DNS1035Label", names.dns_1035_label, 30),
    "qualifiedName": Format("QualifiedName", names.qualified, 60),
    "dns1123LabelPrefix": Format("DNS1123LabelPrefix", _prefix(names.dns_label), 30),
    "dns1123SubdomainPrefix": Format("DNS1123SubdomainPrefix", _prefix(names.dns_subdomain), 60),
    "dns1035LabelPrefix": Format("DNS1035LabelPrefix", _prefix(names.dns_1035_label), 30),
    "labelValue": Format("LabelValue", names.value_of_label, 40),
    "uri": Format("URI", _uri, 1103),
    "uuid": Format("uuid", _uuid, 70),
    "byte": Format("byte", _byte, 84),
    "date": Format("date", _date, 70),
    "datetime": Format("datetime", _datetime, 70),
}


def _named(name: str) -> Optional:
    form = _FORMATS.get(name)
    return NONE if form is None else Optional(True, form)


def _validate(form: Format, text: str) -> Optional:
    objections = list(form.objections(text))
    return Optional(True, objections) if objections else NONE


def _cost(arguments: Sequence[Any], _result: Any) -> int:
    return math.ceil((1.0 + size(arguments[1])) * 0.1) * math.ceil(arguments[0].pattern_size * 0.25)


def _constant(form: Format) -> Callable[[], Format]:
    return lambda: form


FUNCTIONS: tuple[Overload, ...] = (
    function("format.named", (STRING,), optional_of(FORMAT), _named),
    method("validate", (FORMAT, STRING), optional_of(list_of(STRING)), _validate, _cost),
    *(function(f"format.{name}", (), FORMAT, _constant(form)) for name, form in _FORMATS.items()),
)
