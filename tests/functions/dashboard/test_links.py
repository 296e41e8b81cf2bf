"""Addresses within the page."""

from urllib.parse import parse_qs, unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from functions.dashboard.links import Links


@given(st.text(min_size=1, max_size=64), st.text(max_size=40))
def test_a_link_leads_to_the_model_whatever_it_is_called(name: str, code: str) -> None:
    """One part of the path, and the key goes on."""
    name = name.encode(errors="replace").decode()
    code = code.encode(errors="replace").decode()
    parts = urlsplit(Links(code=code).model(name))
    before, _, last = parts.path.rpartition("/")
    assert (before, unquote(last)) == ("/api/dashboard/models", name)
    assert parse_qs(parts.query, keep_blank_values=True).get("code", [""]) == [code]


def test_without_a_key_there_is_none() -> None:
    """Nor is an empty value asked for."""
    assert Links.of("http://app/api/dashboard", "").home(fleet="", rows="a b") == "/api/dashboard?rows=a+b"


def test_whoever_is_in_front_of_the_app_may_have_another_path() -> None:
    """Links go on with it."""
    assert Links.of("https://gate.example/ml/api/dashboard/models/dashboard", "").home() == "/ml/api/dashboard"
