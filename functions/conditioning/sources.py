"""The files of one source in a cell: which are done, which are too large for one activity, and their table. Blocks."""

from collections.abc import Sequence
from itertools import islice
from typing import Final

from functions.conditioning.cutting import is_large
from functions.conditioning.documents import keep_document, read_document
from functions.conditioning.files import find_conditioned, work_of
from functions.conditioning.recipes import recipe_of
from functions.conditioning.whole import make_table
from shared import names
from shared.conditioning.engine.counts import added
from shared.conditioning.recipe.schema import Recipe
from shared.contracts.conditioning import (
    CellListing,
    ConditionedFile,
    ConditionedFiles,
    ConditionedSource,
    ConditionSourceInput,
    Counted,
    SourceFile,
)
from shared.lineage.manifest import raw_identity

#: Large files that are told in one answer, and rules that are counted in it: a payload stays below 16 KB.
_LARGE_AT_ONCE: Final = 20
_RULES_TOLD: Final = 20
_OTHER_RULES: Final = "other rules"


def files_of(order: ConditionSourceInput) -> tuple[SourceFile, ...]:
    """The landed files, as they were found."""
    listing = read_document(order.listing, CellListing)
    return next(one.files for one in listing.sources if one.source == order.source)


def recipe_for(order: ConditionSourceInput) -> Recipe:
    """The recipe of the source in the cell."""
    return recipe_of(order.fleet, order.source, order.cell)


def find_large(files: Sequence[SourceFile], recipe: Recipe) -> tuple[SourceFile, ...]:
    """Some of the files that are cut into ranges, and not conditioned yet."""
    open_files = (file for file in files if is_large(file, recipe) and find_conditioned(file, recipe) is None)
    return tuple(islice(open_files, _LARGE_AT_ONCE))


def conclude_source(order: ConditionSourceInput, recipe: Recipe, files: Sequence[ConditionedFile]) -> ConditionedSource:
    """What the files of a source give together."""
    work = work_of(order.fleet, recipe)
    table = make_table(order.source, work, files) if work.placed else None
    counts = Counted(**(table.model_dump(include=set(Counted.model_fields)) if table else added(files)))
    columns = table.columns if table else files[0].columns  # as they are after custom steps
    made = ConditionedFiles(files=tuple(files), columns=columns, table=table)
    path = f"conditioned/{order.source}/sets/{names.content_hash(made.to_wire(), length=32)}.json"
    keep_document(path, made)
    told = {name: _most(getattr(counts, name)) for name in ("reasons", "warned", "failed")}
    return ConditionedSource(
        **(counts.to_wire() | told),
        source=order.source,
        raw_sha256=raw_identity([one.raw_sha256 for one in files]),
        recipe_sha256=recipe.sha256,
        path=path,
        files=len(files),
    )


def _most(counts: dict[str, int]) -> dict[str, int]:
    """The most frequent rules, and the others as one."""
    by_count = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    told, others = by_count[:_RULES_TOLD], sum(count for _, count in by_count[_RULES_TOLD:])
    return dict(sorted(told)) | ({_OTHER_RULES: others} if others else {})
