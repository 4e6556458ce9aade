"""References in variables, commands and arguments."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podvisor.node import environment


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "a"),
        ("$(A)$(B)", "a$(A)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$a"),
        ("$(NOPE)", "$(NOPE)"),
        ("$A $ $$ $()", "$A $ $ $()"),
        ("$(A", "$(A"),
        ("cost: $5", "cost: $5"),
    ],
)
def test_references_are_expanded_once(text: str, expanded: str):
    assert environment.expand(text, {"A": "a", "B": "$(A)"}) == expanded


@given(st.text("$()Aa ", max_size=12))
def test_doubling_every_dollar_keeps_a_text_as_it_is(text: str):
    assert environment.expand(text.replace("$", "$$"), {"A": "x", "a": "y"}) == text
