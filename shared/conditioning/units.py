"""Units that a recipe can convert between: lengths, areas, volumes, masses, temperatures and speeds."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final


@dataclass(frozen=True)
class Scale:
    """How a unit relates to the base of its quantity: `base = value * factor + offset`.

    Attributes:
        quantity: What it measures; only units of one quantity can be converted.
        factor: Size of one unit, in the base: metre, square metre, litre, kilogram, kelvin or metre per second.
        offset: Where its zero lies, in the base.
    """

    quantity: str
    factor: Fraction
    offset: Fraction = Fraction(0)


def _scale(quantity: str, factor: str, offset: str = "0") -> Scale:
    return Scale(quantity, Fraction(factor), Fraction(offset))


_FOOT: Final = Fraction("0.3048")
_POUND: Final = Fraction("0.45359237")

#: By the names that recipes use. Each factor is exact by definition (NIST Special Publication 811, appendix B): foot
#: and pound are those of the international agreement of 1959, and a gallon is the liquid one of the United States, of
#: 231 cubic inches.
UNITS: Final = {
    "mm": _scale("length", "0.001"),
    "cm": _scale("length", "0.01"),
    "m": _scale("length", "1"),
    "km": _scale("length", "1000"),
    "in": Scale("length", _FOOT / 12),
    "ft": Scale("length", _FOOT),
    "yd": Scale("length", _FOOT * 3),
    "mi": Scale("length", _FOOT * 5280),
    "nmi": _scale("length", "1852"),
    "m2": _scale("area", "1"),
    "ha": _scale("area", "10000"),
    "km2": _scale("area", "1000000"),
    "ft2": Scale("area", _FOOT**2),
    "mi2": Scale("area", (_FOOT * 5280) ** 2),
    "ml": _scale("volume", "0.001"),
    "l": _scale("volume", "1"),
    "m3": _scale("volume", "1000"),
    "gal": Scale("volume", (_FOOT / 12) ** 3 * 231 * 1000),
    "g": _scale("mass", "0.001"),
    "kg": _scale("mass", "1"),
    "t": _scale("mass", "1000"),
    "oz": Scale("mass", _POUND / 16),
    "lb": Scale("mass", _POUND),
    "K": _scale("temperature", "1"),
    "°C": _scale("temperature", "1", "273.15"),
    "°F": Scale("temperature", Fraction(5, 9), Fraction("273.15") - 32 * Fraction(5, 9)),
    "m/s": _scale("speed", "1"),
    "km/h": Scale("speed", Fraction(1000, 3600)),
    "mph": Scale("speed", _FOOT * 5280 / 3600),
    "kt": Scale("speed", Fraction(1852, 3600)),
}

#: A converted number is rounded to these, so that 39.02 °F is 3.9 °C and not 3.9000000000000004 °C.
CONVERTED_DECIMALS: Final = 6


def conversion(source: str, target: str) -> tuple[float, float]:
    """Factor and offset: `value in target = value in source * factor + offset`, each rounded once, from exact ones.

    Raises:
        ValueError: The units measure different things.
    """
    came_in, wanted = UNITS[source], UNITS[target]
    if came_in.quantity != wanted.quantity:
        known = ", ".join(name for name, scale in UNITS.items() if scale.quantity == came_in.quantity)
        unlike = f"`{source}` is {_a(came_in.quantity)} and `{target}` {_a(wanted.quantity)}"
        raise ValueError(f"{unlike}; convert `{source}` to one of {known}")
    return float(came_in.factor / wanted.factor), float((came_in.offset - wanted.offset) / wanted.factor)


def _a(quantity: str) -> str:
    return f"{'an' if quantity[0] in 'aeiou' else 'a'} {quantity}"
