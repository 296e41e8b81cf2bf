"""Units that a recipe can convert between: lengths, temperatures and speeds."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Scale:
    """How a unit relates to the base of its quantity: `base = value * factor + offset`.

    Attributes:
        quantity: What it measures; only units of one quantity can be converted.
        factor: Size of one unit, in the base: metre, kelvin or metre per second.
        offset: Where its zero lies, in the base.
    """

    quantity: str
    factor: float
    offset: float = 0.0


#: By the names that recipes use. The factors are exact by definition (NIST Special Publication 811, appendix B).
UNITS: Final = {
    "m": Scale("length", 1.0),
    "km": Scale("length", 1000.0),
    "ft": Scale("length", 0.3048),
    "mi": Scale("length", 1609.344),
    "nmi": Scale("length", 1852.0),
    "K": Scale("temperature", 1.0),
    "°C": Scale("temperature", 1.0, 273.15),
    "°F": Scale("temperature", 5 / 9, 273.15 - 32 * 5 / 9),
    "m/s": Scale("speed", 1.0),
    "km/h": Scale("speed", 1 / 3.6),
    "mph": Scale("speed", 0.44704),
    "kt": Scale("speed", 1852 / 3600),
}

#: A converted number is rounded to these, so that 39.02 °F is 3.9 °C and not 3.9000000000000004 °C.
CONVERTED_DECIMALS: Final = 6


def conversion(source: str, target: str) -> tuple[float, float]:
    """Factor and offset: `value in target = value in source * factor + offset`.

    Raises:
        ValueError: The units measure different things.
    """
    came_in, wanted = UNITS[source], UNITS[target]
    if came_in.quantity != wanted.quantity:
        known = ", ".join(name for name, scale in UNITS.items() if scale.quantity == came_in.quantity)
        unlike = f"`{source}` is a {came_in.quantity} and `{target}` a {wanted.quantity}"
        raise ValueError(f"{unlike}; convert `{source}` to one of {known}")
    return came_in.factor / wanted.factor, (came_in.offset - wanted.offset) / wanted.factor
