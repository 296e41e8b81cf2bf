"""Units: well-known pairs, and that nothing is lost on the way there and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conditioning.units import UNITS, conversion


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (1, "mi", "km", 1.609344),
        (1, "nmi", "ft", 6076.115486),
        (100, "°C", "°F", 212),
        (-40, "°F", "°C", -40),
        (0, "K", "°C", -273.15),
        (1, "kt", "km/h", 1.852),
        (60, "mph", "m/s", 26.8224),
        (1, "yd", "cm", 91.44),
        (1, "in", "mm", 25.4),
        (1, "mi2", "ha", 258.9988110336),
        (1, "km2", "ft2", 10763910.4167),
        (1, "gal", "l", 3.785411784),
        (1, "m3", "ml", 1e6),
        (1, "lb", "oz", 16),
        (1, "oz", "g", 28.349523125),
        (1, "t", "lb", 2204.6226218),
    ],
)
def test_well_known_pairs(value: float, source: str, target: str, expected: float) -> None:
    """As tables have them."""
    factor, offset = conversion(source, target)
    assert value * factor + offset == pytest.approx(expected)


@given(st.data(), st.floats(-1e6, 1e6))
def test_there_and_back_is_the_same_value(data: st.DataObject, value: float) -> None:
    """Between any two units of one quantity; units of two quantities are refused, with what would be right."""
    source, target = (data.draw(st.sampled_from(sorted(UNITS))) for _ in "ab")
    if UNITS[source].quantity != UNITS[target].quantity:
        with pytest.raises(ValueError, match=f"convert `{source}` to one of .*{source}"):
            conversion(source, target)
        return
    there, back = conversion(source, target), conversion(target, source)
    assert (value * there[0] + there[1]) * back[0] + back[1] == pytest.approx(value, abs=1e-6)
