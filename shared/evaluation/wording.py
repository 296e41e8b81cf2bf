"""Figures as people write them, and what a rejection says beside them."""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from shared.contracts.evaluation import SegmentFigure
from shared.contracts.metrics import OF_RUN, kind_of
from shared.contracts.policy import GatePolicy
from shared.evaluation.bars import Bar

#: A float has no more digits than these to tell two figures apart.
_MOST_DECIMALS: Final = 17
_DIGITS: Final = 3
_WHOLE_DIGITS: Final = 10
_HARDLY: Final = 1e-14


def show(metric: str, value: float | None, decimals: int | None = None) -> str:
    """A figure as people write it: `10.6 %` for MAPE, `3.39` otherwise, `unknown` when it is missing."""
    if value is None:
        return "unknown"
    match kind_of(metric).unit:
        case "share":
            return f"{value * 100:.{1 if decimals is None else decimals}f} %"
        case "seconds":
            return f"{value:.{3 if decimals is None else decimals}f} s"
        case _:
            return f"{value:.{2 if decimals is None else decimals}f}"


def show_both(metric: str, one: float, other: float) -> tuple[str, str]:
    """Two figures with as many digits as it takes to see which one is greater."""
    both = show(metric, one), show(metric, other)
    for decimals in range(2, _MOST_DECIMALS + 1):
        if one == other or both[0] != both[1]:
            break
        both = show(metric, one, decimals), show(metric, other, decimals)
    return both


def percent(share: float) -> str:
    """A share as people write it: `10 %`, `2.5 %`."""
    return f"{share * 100:.3g} %"


def signed_percent(share: float) -> str:
    """How much better: `+3.10 %`; worse is `-0.50 %`."""
    return f"{share * 100:+.2f} %"


def change(metric: str, bar: Bar, figure: float, remedy: str | None) -> str:
    """The smallest change that would have passed: of the figure, and of the gate.

    Args:
        metric: Its name.
        bar: What was not reached.
        figure: The model's.
        remedy: What the gate would have to say, as it is written in the fleet file.
    """
    gap, size = abs(bar.size(figure) - bar.limit), bar.size(figure)
    way = "come nearer to 0" if bar.signed else "rise" if bar.higher else "fall"
    if gap == 0:
        needed = f"must {way} below {show(metric, bar.limit)}" if not bar.higher else f"must {way} above it"
    else:
        more = "more than " if bar.strict else ""
        relative = f" ({rounded(_plain(gap / abs(size)) * 100, 2, up=True)} % of it)" if size else ""
        needed = f"must {way} by {more}{_amount(metric, gap)}{relative}"
    passed = f"; with `{remedy}` it would have passed" if remedy else ""
    return f"{kind_of(metric).title} {needed}{passed}"


def loosest(gate: GatePolicy, bar: Bar, figure: float) -> str | None:
    """The nearest bound, in few digits, with which the figure would have passed, as the fleet file says it."""
    size, up = bar.size(figure), not bar.higher
    share = kind_of(gate.metric).unit == "share"
    if size <= 0 and (share or not (bar.higher or gate.metric.startswith(OF_RUN))):
        return None  # a bound is above 0
    beyond = size + (abs(size) * _HARDLY if up else -abs(size) * _HARDLY)  # where a division has rounded the other way
    for start in (size, beyond):
        text = rounded(Decimal(repr(start)) * (100 if share else 1), _DIGITS, up=up)
        read = float(text) / 100 if share else float(text)
        if (read >= size) if up else (read <= size):
            return f"{'max' if up else 'min'}: {text}{'%' if share else ''}"
    return None


def tolerance(share: float, *, up: bool) -> str:
    """What `by` would have to say."""
    return f"by: {rounded(_plain(share) * 100, 2, up=up)}%"


def rounded(value: Decimal, digits: int, *, up: bool) -> str:
    """A number in so many digits, at least its whole part, never rounded the other way."""
    if not value:
        return "0"
    last = value.adjusted() - digits + 1
    step = Decimal(1).scaleb(min(0, last) if value.adjusted() < _WHOLE_DIGITS else last)
    result = value.quantize(step, ROUND_CEILING if up else ROUND_FLOOR).normalize()
    return f"{result:f}"


def segments_text(metric: str, worst: Sequence[SegmentFigure]) -> str:
    """The segments that did worst: `movement=slow 61.0 % (24 rows)`."""
    return ", ".join(
        f"{one.segment} {show(metric, one.got)}"
        f"{'' if one.required is None else f' against {show(metric, one.required)}'} ({one.rows} rows)"
        for one in worst
    )


def _plain(value: float) -> Decimal:
    """Without the last digits, which a subtraction has left behind: 0.006, not 0.00600000000000000033."""
    return Decimal(f"{value:.12g}")


def _amount(metric: str, gap: float) -> str:
    unit = kind_of(metric).unit
    if unit == "share":
        points = rounded(_plain(gap) * 100, 2, up=True)
        return f"{points} percentage point{'' if points == '1' else 's'}"
    return f"{rounded(_plain(gap), _DIGITS, up=True)}{' s' if unit == 'seconds' else ''}"
