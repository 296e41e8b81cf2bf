"""Golden sets: within tolerance, row by row, and nothing missing."""

import pytest

from shared.errors import PermanentError
from shared.release.golden import compare_golden, read_golden

GOLDEN = b"lag,carrier,expected,tolerance\n1.5,AA,10,2\n3,B6,20,0\n"


def test_inputs_keep_their_types() -> None:
    """Numbers are numbers, words are words, and our two columns are not inputs."""
    golden = read_golden(GOLDEN, "g.csv")
    assert golden.inputs == ({"lag": 1.5, "carrier": "AA"}, {"lag": 3, "carrier": "B6"})


@pytest.mark.parametrize(
    ("predictions", "passed", "outside"),
    [([10, 20], True, 0), ([12, 20], True, 0), ([12.1, 20], False, 1), ([10, 20.5], False, 1), ([10], False, 1),
     ([10, None], False, 1), ([10, float("nan")], False, 1), ([10, 20, 30], False, 0)],
)  # fmt: skip
def test_comparison(predictions: list[float | None], passed: bool, outside: int) -> None:
    """At the tolerance passes; beyond it, missing, or too many fails."""
    result = compare_golden(read_golden(GOLDEN, "g.csv"), predictions)
    assert (result.passed, result.outside) == (passed, outside)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a,expected,tolerance\n", "has no rows"), (b"a,expected\n1,2\n", "lacks the column tolerance"),
     (b"a,expected,tolerance\n1,x,2\n", "'x' is no number"),
     (b"a,expected,tolerance\n1,nan,2\n", "'nan' is no number")],
)  # fmt: skip
def test_a_set_that_cannot_be_used_says_why(content: bytes, message: str) -> None:
    """The message names the file and the column."""
    with pytest.raises(PermanentError) as error:
        read_golden(content, "golden/g.csv")
    assert message in error.value.message
    assert "golden/g.csv" in error.value.message
