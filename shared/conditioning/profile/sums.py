"""Sums without rounding, so that they do not depend on the order of what is added.

A sum of floats is kept as an integer count of 2^-1074, the smallest float there is. numpy adds blocks of numbers
without error: a large power of two that is added and taken away again leaves the leading bits of each number, which
add up exactly, and the rest is done in the same way (Rump, Ogita and Oishi: Accurate Floating-Point Summation, 2008).
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

#: The smallest float is 2 to the minus this.
SCALE: Final = 1074
_BLOCK: Final = 16_384
_BLOCK_BITS: Final = 15
#: Above it the power of two of a block could overflow.
_LARGEST_EXPONENT: Final = 1000
_WORD: Final = 32
_LARGEST_INTEGER: Final = 2**63


def sum_of_numbers(values: npt.NDArray[np.float64]) -> int:
    """The exact sum of finite numbers, in units of 2^-1074.

    Raises:
        ValueError: A number is not finite.
    """
    return sum(_block_sum(values[start : start + _BLOCK]) for start in range(0, len(values), _BLOCK))


def sum_of_integers(values: npt.NDArray[np.int64]) -> int:
    """The exact sum of 64-bit integers."""
    if len(values) and len(values) * max(abs(int(values.min())), abs(int(values.max()))) < _LARGEST_INTEGER:
        return int(values.sum())
    high, low = values >> _WORD, values & (2**_WORD - 1)
    return (int(high.sum()) << _WORD) + int(low.sum())


def mean(total: int, count: int, scale: int) -> float:
    """The mean to 12 significant digits, of a sum in units of 2^-scale."""
    return float(f"{total / (count << scale):.12g}")


def _block_sum(block: npt.NDArray[np.float64]) -> int:
    total = 0
    rest = block
    while (largest := float(np.abs(rest).max())) > 0 or not math.isfinite(largest):
        if not math.isfinite(largest):
            raise ValueError("a number is not finite")
        exponent = math.frexp(largest)[1]
        if exponent > _LARGEST_EXPONENT:
            return total + sum(_units(number) for number in rest.tolist())
        power = math.ldexp(1.0, exponent + _BLOCK_BITS)
        leading = (rest + power) - power
        total += _units(float(leading.sum()))
        rest = rest - leading
    return total


def _units(number: float) -> int:
    numerator, denominator = number.as_integer_ratio()
    return numerator * ((1 << SCALE) // denominator)
