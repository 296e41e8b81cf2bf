"""Counts of rows: added up over pieces, ranges and files, and refused when they do not reconcile."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from shared.contracts.conditioning import Counted
from shared.errors import PermanentError

_ROWS: Final = ("rows_in", "rows_out", "rejected", "filtered", "deduplicated", "aggregated", "custom")
_BY_RULE: Final = ("reasons", "warned", "failed")


def added(counts: Iterable[Counted]) -> dict[str, Any]:
    """The fields of `Counted`, summed."""
    every = list(counts)
    total: dict[str, Any] = {name: sum(getattr(one, name) for one in every) for name in _ROWS}
    for name in _BY_RULE:
        total[name] = dict(sorted(sum((Counter(getattr(one, name)) for one in every), Counter()).items()))
    return total


def reconcile(counts: Mapping[str, Any], what: str) -> None:
    """Every row that was read has become exactly one thing.

    Raises:
        PermanentError: `CountsDoNotReconcile`: a fault of Signalbox, or of a custom step.
    """
    became = sum(counts[name] for name in _ROWS if name != "rows_in")
    if counts["rows_in"] != became or counts["rejected"] != sum(counts["reasons"].values()):
        said = ", ".join(f"{name} {counts[name]}" for name in (*_ROWS, "reasons"))
        raise PermanentError("CountsDoNotReconcile", f"{what}: rows were lost or counted twice: {said}; report this")
