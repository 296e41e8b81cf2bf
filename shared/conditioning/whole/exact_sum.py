"""Sums of floats that are exact until they are rounded once, so that they do not depend on the order of the values.

A sum under way is a few floats whose sum is exactly that of the values: `math.fsum` gives the nearest float of a sum,
and of what it leaves the same again (Shewchuk, Adaptive Precision Floating-Point Arithmetic, 1997).
"""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

#: Values that are as well kept as they are.
FEW: Final = 8


def condensed(values: Sequence[float]) -> list[float]:
    """A few floats that have exactly the same sum as these. Infinities and NaN become one value.

    Values so large that a partial sum is beyond all floats are kept as they are.
    """
    if len(values) <= FEW:
        return list(values)
    if others := _not_finite(values):
        return [sum(others)]
    parts: list[float] = []
    try:
        while part := math.fsum([*values, *(-part for part in parts)]):
            parts.append(part)
    except OverflowError:
        return list(values)
    return parts


def rounded_sum(values: Sequence[float]) -> float:
    """The float nearest to the exact sum; never -0.0.

    Raises:
        OverflowError: The sum is beyond all floats.
    """
    try:
        return math.fsum(values) + 0.0
    except (OverflowError, ValueError):  # perhaps only on the way; or both infinities
        if others := _not_finite(values):
            return sum(others)
        return float(sum(map(Fraction, values), Fraction()))


def _not_finite(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isfinite(value)]
