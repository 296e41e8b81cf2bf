"""Whether a dataset version may be published: its own rules and its recipes', the version before it, required rows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from functions import adapters
from functions.conditioning.publishing import Made
from functions.conditioning.recipes import recipe_of
from functions.conditioning.tables import read_rows, tables_of
from shared.blocking import run_blocking
from shared.conditioning.quality import Reference, fresh_fault, rejected_fault, rows_fault
from shared.conditioning.recipe.facts import rule_names
from shared.conditioning.recipe.rules import RuleSpec, Severity
from shared.contracts.datasets import DatasetRef
from shared.contracts.publishing import PublishDatasetInput
from shared.errors import PermanentError

#: Seconds to look through a large table, or to read the profiles of many files.
_SEEING_TIMEOUT: Final = 1500.0


async def check_quality(order: PublishDatasetInput, dataset: DatasetRef, made: Sequence[Made]) -> tuple[str, ...]:
    """Refuse a version that breaks a rule of its dataset, or one of its recipes that is not only to warn.

    Args:
        order: What is published.
        dataset: The version.
        made: What has been made of each source.

    Returns:
        What only is to be warned of.

    Raises:
        PermanentError: `QualityFailed`; the message names rule, source, required and got.
    """
    quality, last = adapters.fleet(order.fleet).dataset(order.dataset).quality, _Last(order, dataset)
    judged = await run_blocking(_judge_recipes, order, made, last, timeout=_SEEING_TIMEOUT)
    faults = [
        rejected_fault(quality.max_rejected, dataset.rows + dataset.rejected, dataset.rejected),
        await run_blocking(last.rows_fault, quality.rows_vs_last) if quality.rows_vs_last is not None else None,
        await _completeness_fault(order, quality.complete, made) if quality.complete is not None else None,
    ]
    broken = [fault for fault in faults if fault is not None]
    of_recipes = [fault for severity, fault in judged if severity == "fail"]
    if broken or of_recipes:
        told = f"{'; '.join([*broken, *of_recipes])}. Nothing was published; mend the files, or change "
        where = [
            *(["`quality` in the fleet file"] if broken else []),
            *(["the recipe's `rules`"] if of_recipes else []),
        ]
        raise PermanentError("QualityFailed", f"{told}{' and '.join(where)}.")
    return tuple(fault for severity, fault in judged if severity == "warn")


@dataclass(frozen=True)
class _Last:
    """The version before one with the same labels, the period aside; looked up when it is asked for. It blocks."""

    order: PublishDatasetInput
    dataset: DatasetRef

    @cached_property
    def ref(self) -> DatasetRef | None:
        """The version; the first one has none before it."""
        order = self.order
        period = adapters.fleet(order.fleet).dataset(order.dataset).period
        labels = {label: value for label, value in order.cell.items() if label != period}
        return adapters.dataset_index().newest(order.fleet, order.dataset, labels, self.dataset.ends)

    @cached_property
    def sources(self) -> dict[str, int]:
        """The rows of each of its sources, as its manifest tells them."""
        if self.ref is None:
            return {}
        told = json.loads(adapters.data().read(f"{self.ref.path}manifest.json"))
        return {source["source"]: source["rows_out"] for source in told["sources"]}

    def rows_fault(self, limit: float) -> str | None:
        """Why the version's rows are too many or too few."""
        return rows_fault(limit, self.dataset.rows, self.ref.rows, self.ref.version) if self.ref else None


def _judge_recipes(order: PublishDatasetInput, made: Sequence[Made], last: _Last) -> list[tuple[Severity, str]]:
    """What rules over the whole table are broken, with what becomes of that; it blocks."""
    return [judged for one in made for judged in _judge(order, one, last)]


def _judge(order: PublishDatasetInput, made: Made, last: _Last) -> Iterator[tuple[Severity, str]]:
    recipe = recipe_of(order.fleet, made.source.source, order.cell)
    for name, rule in zip(rule_names(recipe), recipe.rules, strict=True):
        fault = _fault(order, made, last, rule, f"{name} of the source {made.source.source}")
        if fault is not None:
            yield rule.severity, fault


def _fault(order: PublishDatasetInput, made: Made, last: _Last, rule: RuleSpec, name: str) -> str | None:
    """Why a rule is broken that cannot be judged before a version is to be published."""
    if rule.rows_vs_last is not None and last.ref is not None:
        rows = last.sources.get(made.source.source)
        return rows_fault(rule.rows_vs_last, made.source.rows_out, rows, last.ref.version, name)
    if rule.fresh is not None:
        column = made.profile.columns.get(rule.fresh.column)
        newest = column.greatest if column is not None else None
        return fresh_fault(name, rule.fresh, newest, order.at, adapters.fleet(order.fleet).timezone)
    return None


async def _completeness_fault(order: PublishDatasetInput, file: str, made: Sequence[Made]) -> str | None:
    content = await run_blocking(adapters.fleet_file(order.fleet, file).read_bytes)
    reference = Reference(content, file, order.cell)
    for one in made:
        if await run_blocking(_see, reference, one, timeout=_SEEING_TIMEOUT):
            return reference.fault
    return f"complete requires a source with the columns {', '.join(reference.columns)} of {file}, got none"


def _see(reference: Reference, made: Made) -> bool:
    """Strike out the rows of a source, if it can have them; whether it can."""
    if not reference.fits(made.files.columns):
        return False
    for table in tables_of(made.files):
        for rows in read_rows(table):
            reference.see(rows)
    return True
