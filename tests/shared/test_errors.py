"""What errors say beside their message."""

import pickle
import re

from hypothesis import given
from hypothesis import strategies as st

from shared.errors import TransientError


def test_a_transient_error_says_when_to_ask_again() -> None:
    """Where the service has said so."""
    error = TransientError("Busy (429).", 900)
    assert (str(error), error.retry_after) == ("Busy (429). (again in 900 s)", 900)
    assert (str(TransientError("Busy.")), TransientError("Busy.").retry_after) == ("Busy.", None)


@given(st.floats(0, 1e12))
def test_whoever_reads_the_message_finds_the_seconds(seconds: float) -> None:
    """In plain digits, also after a journey between processes."""
    error = pickle.loads(pickle.dumps(TransientError("Busy.", seconds)))
    found = re.search(r"\(again in ([0-9]{1,6}(?:\.[0-9]{1,3})?) s\)$", str(error))
    assert found
    assert abs(float(found[1]) - min(seconds, 999_999)) <= 0.001
    assert error.retry_after == seconds
