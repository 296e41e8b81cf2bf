"""Which values an input of a job may be given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.policy import Scalar
from shared.job_inputs import data_fault, is_plain, value_fault


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ("integer", 5),
        ("integer", "-5"),
        ("number", 0.5),
        ("number", 1e-7),
        ("number", "7"),
        ("boolean", True),
        ("boolean", "false"),
        ("string", 5),
        ("string", ""),
        (None, "abc"),
        ("group", "abc"),
    ],
)
def test_a_value_whose_text_reads_as_the_type_may_be_given(declared: str | None, value: Scalar) -> None:
    """On the wire it is a text in any case; of a type that is not known nothing is said."""
    assert value_fault(declared, value) is None


@pytest.mark.parametrize(
    ("declared", "value", "fault"),
    [
        ("integer", "abc", "takes integer, not 'abc'"),
        ("integer", 2.5, "takes integer, not 2.5"),
        ("integer", "1_000", "takes integer, not '1_000'"),
        ("integer", True, "takes integer, not True"),
        ("number", "abc", "takes number, not 'abc'"),
        ("number", "", "takes number, not ''"),
        ("boolean", 1, "takes boolean, not 1"),
        ("uri_folder", "text", "takes data of type uri_folder, not 'text'"),
        ("mlflow_model", 3, "takes data of type mlflow_model, not 3"),
    ],
)
def test_a_value_of_another_type_is_named_with_what_would_be_right(declared: str, value: Scalar, fault: str) -> None:
    """The type that is declared, and what came."""
    assert value_fault(declared, value) == fault


def test_a_value_is_one_of_the_choices() -> None:
    """Where there are any."""
    assert value_fault("string", "fast", ("fast", "slow")) is None
    assert value_fault("string", "quick", ("fast", "slow")) == "takes one of fast, slow, not 'quick'"


def test_data_is_no_plain_value() -> None:
    """Which kind of data another kind can be, the service says."""
    assert data_fault("integer", "uri_folder") == "takes integer, not data of type uri_folder"
    assert data_fault("uri_file", "uri_folder") is None
    assert data_fault(None, "uri_folder") is None
    assert is_plain("integer")
    assert not is_plain("uri_file")


@given(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text())
def test_every_value_is_of_its_own_type(whole: int, number: float, flag: bool, text: str) -> None:
    """And each of them is a text."""
    own: dict[str, Scalar] = {"integer": whole, "number": number, "boolean": flag, "string": text}
    for declared, value in own.items():
        assert value_fault(declared, value) is None
        assert value_fault("string", value) is None
