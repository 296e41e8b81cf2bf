"""Which cells of a run a person has to look at. It imports no contract: the command line sorts by it, too."""

from typing import Final

#: Their outcomes, the worst first.
_LOOKED_AT: Final = ("failed", "refused", "rejected", "incomplete", "skipped")


def by_need(outcome: str, name: str) -> tuple[int, str]:
    """Sorts cells: those that a person has to look at come first, the worst before the others, and by name."""
    return _LOOKED_AT.index(outcome) if outcome in _LOOKED_AT else len(_LOOKED_AT), name
