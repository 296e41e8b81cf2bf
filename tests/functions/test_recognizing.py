"""What an event is, told by its form alone: any JSON is of one form, or refused with what was seen."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.triggers.http import BadRequestError
from functions.triggers.recognizing import FORMS, read_events, recognize

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
_KEYS = st.sampled_from(sorted({key for form in FORMS.values() for key in (*form.keys, *form.example)})) | st.text()


@pytest.mark.parametrize("name", FORMS)
def test_each_example_is_recognized_as_what_it_shows(name: str) -> None:
    """So an example that is told to somebody is right."""
    assert recognize(FORMS[name].example) == name


@given(st.dictionaries(_KEYS, _VALUES, max_size=6) | _VALUES)
def test_anything_has_one_form_or_is_refused_with_an_example(value: Any) -> None:
    """Nothing else is ever raised."""
    said = ""
    try:
        forms = {recognize(event) for event in read_events(value)}
    except BadRequestError as error:
        forms, said = set(), str(error)
    assert forms <= set(FORMS)
    assert forms or "looks like" in said
