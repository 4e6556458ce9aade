"""Quantities: what they are worth and how they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podvisor.types import quantity

CANONICAL = {
    "1000m": "1", "0.5": "500m", "1024Mi": "1Gi", "1.5Gi": "1536Mi", "1e3": "1e3", "12e6": "12e6", "100k": "100k",
    "2500": "2500", "0": "0", "0.0": "0", "1500m": "1500m", "0.1m": "100u", "1Ki": "1Ki", "0.5Ki": "512", "+5": "5",
    "-1.5": "-1500m", "3000000": "3M", "1000Ki": "1000Ki", "5E": "5E", ".5": "500m", "0.0000000001": "1n",
}  # fmt: skip


@pytest.mark.parametrize(("text", "canonical"), CANONICAL.items())
def test_canonical_form(text: str, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "5 Gi", "1kk", "--1", "1e", "Mi", "1mi", "1_000"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="quantities must match the regular expression"):
        quantity.parse(text)


def test_value_and_milli_are_rounded_up() -> None:
    assert (quantity.parse("1500m").value, quantity.parse("1500m").milli) == (2, 1500)
    assert (quantity.parse("0.1m").value, quantity.parse("0.1m").milli) == (1, 1)
    assert quantity.parse("1Mi").value == 1 << 20


def test_amounts_compare_whatever_their_suffix() -> None:
    assert quantity.parse("1Ki") == quantity.parse("1024")
    assert quantity.parse("1k") < quantity.parse("1Ki")
    assert str(quantity.parse("1Gi") + quantity.parse("512Mi")) == "1536Mi"
    assert str(quantity.parse("1") - quantity.parse("250m")) == "750m"


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", "m", "k", "Ki", "Mi", "n", "u"]))
def test_the_canonical_form_is_stable_and_exact(number: int, suffix: str) -> None:
    once = quantity.parse(f"{number}{suffix}")
    again = quantity.parse(str(once))
    assert again == once
    assert str(again) == str(once)
