"""Keys and packed rows of tables."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.deliveries import Delivery
from shared.errors import PermanentError
from shared.storage.tables import packed, table_key, unpacked

_ALLOWED = set(string.ascii_letters + string.digits + "_.-~=")


@given(st.text(max_size=2000))
def test_any_text_becomes_an_allowed_key(text: str) -> None:
    """No character that the table service refuses, and never too long."""
    key = table_key(text)
    assert set(key) <= _ALLOWED
    assert len(key) <= 512


@given(st.text(max_size=300), st.text(max_size=300))
def test_different_texts_have_different_keys(one: str, other: str) -> None:
    """Escaping loses nothing."""
    assert (table_key(one) == table_key(other)) == (one == other)


def test_long_texts_that_differ_at_their_end_have_different_keys() -> None:
    """Where a text is cut, its hash tells it apart."""
    assert table_key("x" * 1000) != table_key("x" * 999 + "y")
    assert table_key("x" * 1000).startswith("xxx")


def test_plain_names_stay_readable() -> None:
    """Somebody who looks into the table finds the model."""
    assert table_key("flights-JFK_regional.v2") == "flights-JFK_regional.v2"
    assert table_key("a/b") == "a=2Fb"


@pytest.mark.parametrize("columns", [{}, {"json00": "{"}, {"json00": '{"unknown": 1}'}])
def test_a_row_that_is_not_of_the_contract_is_named(columns: dict[str, str | int]) -> None:
    """What somebody else wrote, or an incompatible contract, is a permanent error, never a half-read value."""
    with pytest.raises(PermanentError, match="a stored Delivery cannot be read") as caught:
        unpacked(Delivery, columns)
    assert caught.value.code == "RowUnreadable"


@given(st.text(max_size=200))
def test_what_was_packed_comes_back(text: str) -> None:
    """Any text, in ASCII pieces."""
    values = {"channel": "mlflow", "key": text, "subject": "s", "received_at": "2026-01-02T00:00:00Z"}
    delivery = Delivery.model_validate({**values, "outcome": "dead", "reason": text * 300})
    columns = packed(delivery)
    assert all(str(value).isascii() and len(str(value)) <= 30_000 for value in columns.values())
    assert unpacked(Delivery, columns) == delivery
