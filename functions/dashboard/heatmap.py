"""The fleet as a table of any two labels: MAPE of each model against what its gate allows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from functions.dashboard import wording
from functions.dashboard.seen import FLEET, Model

#: How far MAPE is from its bound. Shown in colour and said in words.
type Heat = Literal["far", "within", "near", "above", "unknown"]

HEATS: Final[Mapping[Heat, str]] = {
    "far": "at most half of its bound",
    "within": "at most 80 % of it",
    "near": "just below it",
    "above": "above it",
    "unknown": "no figure, or no bound",
}
#: Models of a cell that are named; the others are counted.
CELL_MODELS: Final = 4
#: Rows and columns that are shown, so that the page stays one that a person can read.
ROWS, COLUMNS = 40, 16


@dataclass(frozen=True)
class Entry:
    """A model in a cell.

    Attributes:
        rest: Its labels that are neither the row's nor the column's: what tells it from the others of its cell.
        mape: As a text.
        bound: Likewise.
        words: Of the heat, for whoever does not see colours.
    """

    model: str
    rest: str
    mape: str
    bound: str
    heat: Heat
    words: str
    state: str
    tone: str


@dataclass(frozen=True)
class Cell:
    """Models that share two labels.

    Attributes:
        entries: The worst ones, by what tells them apart.
        more: How many others there are.
        heat: Of the worst one.
        select: Their labels, for the list of models.
    """

    entries: tuple[Entry, ...]
    more: int
    heat: Heat
    select: Mapping[str, str]


@dataclass(frozen=True)
class Heatmap:
    """The table.

    Attributes:
        rows: The label whose values are the rows.
        columns: Likewise.
        labels: All labels that there are to choose from.
        values: The columns' values.
        lines: Each row's value with its cells; `None` where there is no model.
        left_out: How many rows and columns are not shown.
        without: Models that lack one of the labels.
    """

    rows: str
    columns: str
    labels: tuple[str, ...]
    values: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    left_out: tuple[int, int]
    without: tuple[Entry, ...]


def heat_of(mape: float | None, bound: float | None) -> Heat:
    """How far a MAPE is from its bound."""
    if mape is None or bound is None or bound <= 0:
        return "unknown"
    share = mape / bound
    return "far" if share <= 0.5 else "within" if share <= 0.8 else "near" if share <= 1 else "above"


def label_values(models: Iterable[Model]) -> dict[str, set[str]]:
    """Labels that say something: with more than one value among the models. As fleet files have them; fleets last."""
    values: dict[str, set[str]] = {}
    for model in models:
        for name, value in labels_of(model).items():
            values.setdefault(name, set()).add(value)
    if FLEET in values:
        values[FLEET] = values.pop(FLEET)
    telling = {name: found for name, found in values.items() if len(found) > 1}
    return telling if len(telling) > 1 else values


def labels_of(model: Model) -> dict[str, str]:
    """A model's labels; its fleet counts as one."""
    return {**model.labels, FLEET: model.fleet}


def make_heatmap(models: Sequence[Model], rows: str = "", columns: str = "") -> Heatmap:
    """The fleet by two labels; the first two that say something, where others are not wanted or not known."""
    values = label_values(models)
    names = tuple(values)
    row = rows if rows in names else next((one for one in names if one != columns), "")
    column = columns if columns in names and columns != row else next((one for one in names if one != row), row)
    if rows not in names and columns not in names and len(values.get(row, ())) < len(values.get(column, ())):
        row, column = column, row  # a page is longer than it is wide
    cells: dict[tuple[str, str], list[Model]] = {}
    without = []
    for model in models:
        has = labels_of(model)
        if row in has and column in has:
            cells.setdefault((has[row], has[column]), []).append(model)
        else:
            without.append(_entry(model, (row, column)))
    downs, across = (sorted({place[side] for place in cells}) for side in (0, 1))
    lines = tuple(
        (down, tuple(_cell(cells.get((down, one), []), {row: down, column: one}) for one in across[:COLUMNS]))
        for down in downs[:ROWS]
    )
    left_out = (max(0, len(downs) - ROWS), max(0, len(across) - COLUMNS))
    return Heatmap(row, column, names, tuple(across[:COLUMNS]), lines, left_out, tuple(without))


def _cell(models: Sequence[Model], select: Mapping[str, str]) -> Cell | None:
    if not models:
        return None
    worst = sorted(models, key=_badness)
    first = worst[0]
    entries = [_entry(model, select, alone=len(models) == 1) for model in worst[:CELL_MODELS]]
    named = tuple(sorted(entries, key=lambda one: (one.rest, one.model)))
    return Cell(named, len(models) - len(named), heat_of(first.mape, first.bound), select)


def _badness(model: Model) -> tuple[float, str]:
    """The worst first; without a figure last."""
    if model.mape is None or not model.bound:
        return 1.0, model.name
    return -model.mape / model.bound, model.name


def _entry(model: Model, without: Iterable[str], *, alone: bool = True) -> Entry:
    """A model for a cell; where nothing else tells it from the others of its cell, its name does."""
    known = {*without, FLEET}
    rest = " ".join(value for name, value in model.labels.items() if name not in known)
    rest = rest or ("" if alone else wording.cut(model.name))
    heat = heat_of(model.mape, model.bound)
    return Entry(
        model.name, rest, wording.percent(model.mape), wording.percent(model.bound), heat, HEATS[heat],
        wording.state(model.state), wording.state_tone(model.state),
    )  # fmt: skip
