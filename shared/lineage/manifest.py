"""Dataset versions that follow from content, and the manifest that says what a version was made of."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.contracts.conditioning import (
    BlobPlace,
    CellListing,
    ConditionedFile,
    ConditionedFiles,
    ConditionedSource,
    SourceFilesOfCell,
)
from shared.errors import PermanentError
from shared.names import content_hash, slug

#: Version of the manifest's own form; raised when a reader of the old form would misread the new one.
MANIFEST_SCHEMA: Final = 3

_PREFIX_LIMIT: Final = 40
_HASH_LENGTH: Final = 64


def raw_identity(hashes: Sequence[str]) -> str:
    """What several raw files are together: of one file its own hash, of several a hash over theirs in their order."""
    return hashes[0] if len(hashes) == 1 else content_hash(*hashes, length=_HASH_LENGTH)


def dataset_version(dataset: str, cell: Mapping[str, str], sources: Sequence[ConditionedSource]) -> str:
    """The version of a dataset's cell: what is in it decides, not when or how often it was delivered.

    Args:
        dataset: Its name in the fleet file.
        cell: Its labels.
        sources: In any order; each source once.

    Returns:
        A readable prefix and a hash over name, cell, and the raw bytes and recipe of every source:
        `departures-jfk-2013-0f3c1a2b4d5e`. Lower-case ASCII letters, digits and hyphens, at most 53 characters.

    Raises:
        PermanentError: No sources (`NoSources`), or one of them twice (`DuplicateSource`).
    """
    made_of = sorted((source.source, source.raw_sha256, source.recipe_sha256) for source in sources)
    _check_once([name for name, _, _ in made_of], dataset)
    prefix = slug("-".join([dataset, *cell.values()]))[:_PREFIX_LIMIT].rstrip("-") or "dataset"
    return f"{prefix}-{content_hash(dataset, dict(cell), made_of)}"


def manifest(
    dataset: str,
    cell: Mapping[str, str],
    sources: Sequence[ConditionedSource],
    made: Mapping[str, ConditionedFiles],
    *,
    listing: CellListing,
    profiles: Mapping[str, Any],
    places: Mapping[str, BlobPlace],
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """What a dataset version was made of, as plain JSON.

    Args:
        dataset: Its name in the fleet file.
        cell: Its labels.
        sources: In any order; each source once.
        made: The conditioned files of each source, in the order in which they are joined.
        listing: What was found of the cell.
        profiles: The profile of each source's table, as a summary.
        places: Where each raw file is, by its path.
        warnings: Rules over the whole table that it breaks, and that only warn.

    Returns:
        `schema` (of this form), `dataset`, `version`, `cell`, `rows` and `rejected` over all sources, `warnings`, and
        `sources` by name with all that is known of each: its files, each with `url` and `version` of its raw blob (its
        id, `None` where the account keeps no versions or it was replaced since), the periods of which it has none
        (`gaps`), and whether files of an earlier period stand in for those that did not come in time (`earlier`).

    Raises:
        PermanentError: As `dataset_version`.
    """
    version = dataset_version(dataset, cell, sources)
    found = {one.source: one for one in listing.sources}
    return {
        "schema": MANIFEST_SCHEMA,
        "dataset": dataset,
        "version": version,
        "cell": dict(cell),
        "rows": sum(source.rows_out for source in sources),
        "rejected": sum(source.rejected for source in sources),
        "warnings": list(warnings),
        "sources": [
            _source(source, made[source.source], profiles[source.source], found[source.source], places)
            for source in sorted(sources, key=lambda source: source.source)
        ],
    }


def _source(
    source: ConditionedSource,
    made: ConditionedFiles,
    profile: Any,
    found: SourceFilesOfCell,
    places: Mapping[str, BlobPlace],
) -> dict[str, Any]:
    return {
        **source.to_wire(),
        "columns": made.columns,
        "profile": profile,
        "files": [_file(file, places.get(file.raw.path)) for file in made.files],
        "table": _table(made),
        "gaps": list(found.gaps),
        "earlier": found.earlier,
    }


def _table(made: ConditionedFiles) -> dict[str, Any] | None:
    """What the steps over the whole table made of the files, if there are any."""
    return made.table.to_wire() if made.table is not None else None


def _file(file: ConditionedFile, place: BlobPlace | None) -> dict[str, Any]:
    """A file without what is the same of all files of its source, and with where its raw blob is."""
    told = file.model_dump(mode="json", exclude={"columns", "recipe_sha256"})
    where = {"url": place.url if place else None, "version": place.version if place else None}
    return {**told, "raw": {**told["raw"], **where}}


def _check_once(names: list[str], dataset: str) -> None:
    if not names:
        raise PermanentError("NoSources", f"dataset `{dataset}` has no sources; condition at least one file first")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise PermanentError("DuplicateSource", f"dataset `{dataset}` has source `{twice}` twice; keep one file of it")
