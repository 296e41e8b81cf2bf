"""What differs between a version and the one that was made again from its lineage."""

import math
from collections.abc import Mapping
from typing import Final

from shared.contracts.evaluation import Figures
from shared.contracts.reproduction import FigureComparison, FileComparison

#: Training on another machine adds up in another order.
_DIGITS: Final = 1e-9
#: What of each file is told; a model of a thousand files has one hash anyway.
FILES_TOLD: Final = 50


def compare_files(recorded: Mapping[str, str], again: Mapping[str, str]) -> tuple[FileComparison, ...]:
    """Every file of either, by path.

    Args:
        recorded: Hash by path, of the version.
        again: Likewise, of the one that was made again.
    """
    return tuple(_file(path, recorded.get(path), again.get(path)) for path in sorted({*recorded, *again}))


def compare_figures(recorded: Figures, again: Figures) -> tuple[FigureComparison, ...]:
    """Every figure that either of them has."""
    then, now = recorded.model_dump(exclude_none=True), again.model_dump(exclude_none=True)
    return tuple(
        FigureComparison(metric=name, recorded=then.get(name), again=now.get(name)) for name in {**then, **now}
    )


def is_same(figure: FigureComparison) -> bool:
    """Whether a figure is the same to nine digits; one that only one of them has is not."""
    if figure.recorded is None or figure.again is None:
        return figure.recorded is figure.again
    return math.isclose(figure.recorded, figure.again, rel_tol=_DIGITS, abs_tol=_DIGITS)


def caveats(recorded_revision: str, revision: str, recorded_commit: str | None, commit: str | None) -> tuple[str, ...]:
    """What could not be as it was then."""
    told = []
    if recorded_revision != revision:
        what = f"The fleet file is another one than then (revision {recorded_revision[:12]}, now {revision[:12]})"
        told.append(f"{what}: pipeline and parameters are those of now.")
    if (recorded_commit or "").lower() != (commit or "").lower():  # whoever deploys may write it either way
        then, now = recorded_commit or "unknown", commit or "unknown"
        told.append(f"The commit was {then}, and is {now}: check that one out, and run this again.")
    elif commit is None:
        told.append("Which commit it was made from is not known: neither the package nor SIGNALBOX_GIT_COMMIT told it.")
    return tuple(told)


def _file(path: str, recorded: str | None, again: str | None) -> FileComparison:
    if again is None:
        return FileComparison(path=path, outcome="missing")
    if recorded is None:
        return FileComparison(path=path, outcome="new")
    return FileComparison(path=path, outcome="same" if recorded == again else "differs")
