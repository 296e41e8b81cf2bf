"""Dataset versions that follow from content, and the manifest that says what a version was made of."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.contracts.datasets import ConditionedSource
from shared.errors import PermanentError
from shared.names import content_hash, slug

#: Version of the manifest's own form; raised when a reader of the old form would misread the new one.
MANIFEST_SCHEMA: Final = 1

_PREFIX_LIMIT: Final = 40


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


def manifest(dataset: str, cell: Mapping[str, str], sources: Sequence[ConditionedSource]) -> dict[str, Any]:
    """What a dataset version was made of, as plain JSON.

    Returns:
        `schema` (of this form), `dataset`, `version`, `cell`, `rows` and `rejected` over all sources, and `sources`
        by name with all that is known of each.

    Raises:
        PermanentError: As `dataset_version`.
    """
    return {
        "schema": MANIFEST_SCHEMA,
        "dataset": dataset,
        "version": dataset_version(dataset, cell, sources),
        "cell": dict(cell),
        "rows": sum(source.rows_out for source in sources),
        "rejected": sum(source.rejected for source in sources),
        "sources": [source.to_wire() for source in sorted(sources, key=lambda source: source.source)],
    }


def _check_once(names: list[str], dataset: str) -> None:
    if not names:
        raise PermanentError("NoSources", f"dataset `{dataset}` has no sources; condition at least one file first")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise PermanentError("DuplicateSource", f"dataset `{dataset}` has source `{twice}` twice; keep one file of it")
