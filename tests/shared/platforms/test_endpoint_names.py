"""Names fit Azure ML, or are refused with one that does."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.errors import PermanentError
from shared.names import fitted
from shared.platforms.endpoint_names import require_endpoint_name


@given(st.text(max_size=80))
def test_a_fitted_name_is_taken(wanted: str) -> None:
    """Whatever text it was made of."""
    require_endpoint_name("endpoint", fitted(wanted))


@pytest.mark.parametrize("name", ["", "ab", "9abc", "-abc", "abc-", "Abc", "a_b_c", "a" * 33, "nachfrage-süd"])
def test_a_wrong_name_is_refused(name: str) -> None:
    """A name that Azure ML would refuse is refused with one that it takes."""
    with pytest.raises(PermanentError, match="would do") as caught:
        require_endpoint_name("endpoint", name)
    assert caught.value.code == "InvalidName"
    assert repr(fitted(name)) in caught.value.message
