"""All that a recipe does row by row, as one query that is prepared once and run over every stretch of a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from shared.conditioning.custom import Step, apply, schema_after
from shared.conditioning.expressions import parse
from shared.conditioning.recipe.facts import columns_joined, personal_columns, row_columns, rule_names, source_of
from shared.conditioning.recipe.rules import ROW_RULES
from shared.conditioning.recipe.schema import Recipe
from shared.conditioning.recipe.steps import Join
from shared.conditioning.rows.broken import Rule
from shared.conditioning.rows.column_rules import column_rules
from shared.conditioning.rows.references import reference_frame
from shared.conditioning.rows.row_rules import RowRules, as_text, join_found
from shared.conditioning.rows.standard import row_schema, row_wise_steps, standard_schema, value_types
from shared.conditioning.rows.values import Values, read_slowly, readable_quickly, repeats, unread

if TYPE_CHECKING:
    import numpy.typing as npt

#: What stands for a personal value where raw rows are shown.
MASK: Final = "***"

_REJECTED: Final = "*rejected"
_PASSES: Final = "*passes"
#: Rows that are tried first, and the share of them that is few, when they have to be read again.
_SAMPLE: Final = 1000
_FEW: Final = 0.05
#: Ways to read columns that are kept.
_MOST_READINGS: Final = 16


class Rejected(NamedTuple):
    """A row that is not kept.

    Attributes:
        row: Its index in the frame.
        rule: The first rule that it breaks, in the recipe's order.
        reason: For a person, with the value, which is cut; without it where it is personal.
    """

    row: int
    rule: str
    reason: str


@dataclass(frozen=True)
class Checked:
    """What became of a frame's rows: each is kept, rejected or filtered.

    Attributes:
        kept: The rows kept, in order, with the columns of `standard_schema`.
        rows: Index in the frame of each of them.
        rejected: The rows that break a rule, in order.
        filtered: Rows that the filter leaves out.
        warned: Rows that break a rule which only warns, by its name; rejected rows are not counted, filtered ones are.
        failed: The same, of rules that fail the dataset.
    """

    kept: pl.DataFrame
    rows: "npt.NDArray[np.int64]"
    rejected: list[Rejected]
    filtered: int
    warned: dict[str, int]
    failed: dict[str, int]


class RowSteps:
    """The steps of a recipe up to its filter. What becomes of a row depends on that row alone.

    Args:
        recipe: A recipe without faults.
        references: Content of each reference table, by its name in the recipe.
        steps: Its custom steps by name; those up to the first one that is not row-wise are run here.
        quick_from: Rows of a frame from which on values are first read in their commonest form; only rows in which
            that fails are then read with care. The result is the same.

    Raises:
        PermanentError: A reference table is missing (`ReferenceMissing`) or cannot be used (`ReferenceUnusable`), a
            custom step is missing (`StepMissing`) or cannot be run on an empty table.
    """

    def __init__(
        self,
        recipe: Recipe,
        references: Mapping[str, bytes],
        steps: Mapping[str, Step] = MappingProxyType({}),
        *,
        quick_from: int = 8192,
    ) -> None:
        self._recipe = recipe
        self._personal = _hidden(recipe)
        self._columns = row_columns(recipe)
        self._custom = row_wise_steps(recipe, steps)
        self._standard = list(standard_schema(recipe, steps))
        lookups = {
            name: reference_frame(references, lookup.file, {"key": lookup.key}, {"value": lookup.value})
            for name, column in recipe.columns.items()
            if (lookup := column.lookup) is not None
        }
        self._lookups = lookups
        self._readings: dict[tuple[frozenset[str], frozenset[str]], Values] = {}
        self._careful = self._reading(frozenset())
        self._quickly = readable_quickly(recipe)
        self._quick = self._reading(self._quickly)
        self._slow = read_slowly(recipe)
        self._quick_from = quick_from
        self._joins = {name: _Joined(name, join, recipe, references) for name, join in recipe.join.items()}
        self._derived = _derived(recipe)
        rules = RowRules(recipe, self._columns, self._personal)
        self._rules = [
            rule
            for name, column in recipe.columns.items()
            for rule in column_rules(name, column, lookups, self._personal)
        ]
        self._rules += [rule for name, join in recipe.join.items() for rule in rules.of_join(name, join)]
        self._watched: dict[str, list[Rule]] = {"warn": [], "fail": []}
        for name, spec in zip(rule_names(recipe), recipe.rules, strict=True):
            if spec.kind in ROW_RULES:
                self._watched.get(spec.severity, self._rules).append(rules.of(name, spec))
        self._outcome = self._made_outcome()
        self._filter = self._made_filter()

    def run(self, frame: pl.DataFrame) -> Checked:
        """Take every row of a frame through the steps.

        Args:
            frame: One text column per column of the recipe, by its standard name.
        """
        done, broken = self._done(frame)
        rejected = done[_REJECTED]
        rows = np.flatnonzero(~rejected.to_numpy())
        kept = done.lazy().filter(~pl.col(_REJECTED)).select(self._columns.keys()).collect()
        for step in self._custom:
            kept = apply(kept, step)
        sound = kept.height
        if self._filter is not None:
            passes = kept.with_columns(self._filter.alias(_PASSES))[_PASSES]  # even of a filter that names no column
            kept, rows = kept.filter(passes), rows[passes.to_numpy()]
        return Checked(
            kept=kept.select(self._standard),
            rows=rows,
            rejected=broken,
            filtered=sound - kept.height,
            warned=self._counted("warn", done),
            failed=self._counted("fail", done),
        )

    def masked(self, values: Mapping[str, str | None]) -> dict[str, str | None]:
        """Raw values by standard name, with those of personal columns replaced."""
        return {name: MASK if name in self._personal else value for name, value in values.items()}

    @property
    def personal(self) -> frozenset[str]:
        """The columns of rows whose values are shown nowhere."""
        return self._personal

    def _made_outcome(self) -> list[pl.Expr]:
        """The columns of rows, whether a row is rejected, and which of the other rules it breaks."""
        rejecting = [rule.broken for rule in self._rules if not rule.implied]
        rejected = pl.any_horizontal(rejecting).fill_null(False) if rejecting else pl.repeat(False, pl.len())
        watched = [
            (rule.broken.fill_null(False) & ~rejected).alias(f"*{severity} {place}")
            for severity, rules in self._watched.items()
            for place, rule in enumerate(rules)
        ]
        return [*map(pl.col, self._columns), rejected.alias(_REJECTED), *watched]

    def _made_filter(self) -> pl.Expr | None:
        if self._recipe.filter is None:
            return None
        schema = row_schema(self._columns)
        for step in self._custom:
            schema = schema_after(schema, step)
        return parse(self._recipe.filter, value_types(schema)).polars().fill_null(False)

    def _done(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Rejected]]:
        """The outcome of each row, and why some are rejected: they are read once more, with care.

        A text that is not read quickly has no value, which a rule of each type rejects: no such row is passed over.
        """
        quickly = frame.height >= self._quick_from
        done = self._outcomes(frame, self._suited(frame) if quickly else self._careful)
        rejected = done[_REJECTED]
        rows = rejected.arg_true()
        if not rows.len():
            return done, []
        again = self._read_again(frame[rows])
        if not quickly:
            return done, self._explained(again, rows)
        sure = again.select(*self._outcome)
        bad = sure[_REJECTED]
        if not bad.all():  # some were only not read quickly
            order = pl.concat([(~rejected).arg_true(), rows]).arg_sort()
            done = pl.concat([done.filter(~rejected), sure])[order]
            again, rows = again.filter(bad), rows.filter(bad)
        return done, self._explained(again, rows)

    def _suited(self, frame: pl.DataFrame) -> Values:
        """How to read rows, judged by some of them: quickly where few values of a column need care."""
        sample = frame.head(_SAMPLE)
        few = sample.height * _FEW
        flags = (unread(name).sum().alias(name) for name in self._quickly)
        counts = self._quick.read(sample).select(pl.len().alias(""), *flags).collect()
        quick = (name for name in self._quickly if counts[name].item() <= few)
        repeated = (name for name in self._slow if repeats(sample[name], frame.height))
        return self._reading(frozenset(quick), frozenset(repeated))

    def _reading(self, quick: frozenset[str], repeated: frozenset[str] = frozenset()) -> Values:
        key = (quick, repeated)
        reading = self._readings.get(key)
        if reading is None:
            reading = Values.of(self._recipe, self._lookups, quick=quick, repeated=repeated)
            if len(self._readings) == _MOST_READINGS:  # a file whose columns change in kind again and again
                self._readings.clear()
            self._readings[key] = reading
        return reading

    def _outcomes(self, frame: pl.DataFrame, values: Values) -> pl.DataFrame:
        return self._worked(values.read(frame)).select(*self._outcome).collect(engine="streaming")

    def _worked(self, work: pl.LazyFrame) -> pl.LazyFrame:
        """Joined and derived columns beside the others."""
        for join in self._joins.values():
            work = join.to(work)
        for derived in self._derived:
            work = work.with_columns(derived)
        return work

    def _counted(self, severity: str, done: pl.DataFrame) -> dict[str, int]:
        counts = {
            rule.name: int(done[f"*{severity} {place}"].sum()) for place, rule in enumerate(self._watched[severity])
        }
        return {name: count for name, count in counts.items() if count}

    def _read_again(self, frame: pl.DataFrame) -> pl.DataFrame:
        """All columns of some rows, read with care, and their raw values."""
        return self._worked(self._careful.read(frame, raw=True)).collect()

    def _explained(self, rejected: pl.DataFrame, rows: pl.Series) -> list[Rejected]:
        """The first broken rule of each rejected row, and why.

        Args:
            rejected: From `_read_again`.
            rows: Their indices.
        """
        if not rows.len():
            return []
        flags = {f"*broken {place}": rule.broken.fill_null(False) for place, rule in enumerate(self._rules)}
        first = pl.Series(rejected.with_columns(**flags).select(flags.keys()).to_numpy().argmax(axis=1))
        reason = pl.coalesce(
            pl.when(pl.col("*rule") == place).then(self._rules[place].reason()) for place in first.unique()
        )
        reasons = rejected.with_columns(first.alias("*rule")).select(reason.alias("reason"))["reason"]
        names = [self._rules[place].name for place in first]
        return list(map(Rejected, rows, names, reasons))


class _Joined:
    """A join with its reference table."""

    def __init__(self, name: str, join: Join, recipe: Recipe, references: Mapping[str, bytes]) -> None:
        columns = columns_joined(recipe)
        self._keys = [as_text(pl.col(ours), columns[ours]).alias(f"*key {name} {ours}") for ours in join.on]
        self._on = [f"*key {name} {ours}" for ours in join.on]
        keys = dict(zip(self._on, join.on.values(), strict=True))
        table = reference_frame(references, join.file, keys, join.take)
        self._table = table.lazy().with_columns(pl.lit(True).alias(join_found(name)))

    def to(self, work: pl.LazyFrame) -> pl.LazyFrame:
        return work.with_columns(self._keys).join(self._table, on=self._on, how="left", maintain_order="left")


def _derived(recipe: Recipe) -> list[pl.Expr]:
    columns = columns_joined(recipe)
    derived = []
    for name, text in recipe.derive.items():
        expression = parse(text, columns)
        columns[name] = expression.type
        derived.append(expression.polars().alias(name))
    return derived


def _hidden(recipe: Recipe) -> frozenset[str]:
    """Personal columns, and those that are made of the same raw values."""
    sources = {source_of(name, column) for name, column in recipe.columns.items() if column.personal}
    same = {name for name, column in recipe.columns.items() if source_of(name, column) in sources}
    return personal_columns(recipe) | same
