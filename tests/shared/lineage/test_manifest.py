"""Dataset versions: content decides, nothing else."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.conditioning import (
    BlobPlace,
    CellListing,
    ConditionedFile,
    ConditionedFiles,
    ConditionedSource,
    ConditionedTable,
    SourceFile,
    SourceFilesOfCell,
)
from shared.errors import PermanentError
from shared.lineage.manifest import dataset_version, manifest, raw_identity

CELL = {"origin": "JFK", "year": "2013"}


def conditioned(source: str, **changes: object) -> ConditionedSource:
    """A conditioned source with some fields changed."""
    known: dict[str, object] = {
        "source": source,
        "raw_sha256": f"raw of {source}",
        "recipe_sha256": f"recipe of {source}",
        "path": f"conditioned/{source}/sets/1.json",
        "files": 1,
        "rows_in": 10,
        "rows_out": 9,
        "rejected": 1,
        "reasons": {"date.not_a_date": 1},
    }
    return ConditionedSource.model_validate(known | changes)


def file(source: str) -> ConditionedFile:
    """The file of a conditioned source."""
    return ConditionedFile(
        raw=SourceFile(source=source, path=f"raw/{source}.csv", etag="0x1", size=7),
        raw_sha256=f"raw of {source}",
        recipe_sha256=f"recipe of {source}",
        path=f"conditioned/{source}.csv",
        rows_in=10,
        rows_out=9,
        rejected=1,
        reasons={"date.not_a_date": 1},
        quarantine=f"quarantine/{source}.csv",
        columns={"date": "date"},
    )


BOTH = (conditioned("flights"), conditioned("holidays"))


def test_a_version_is_readable_and_stays_what_it_is() -> None:
    """The id is part of stored paths and of what people read: it must not change by accident."""
    assert dataset_version("departures", CELL, BOTH) == "departures-jfk-2013-e7e6bfdde1bf"


def test_the_order_of_sources_and_labels_does_not_matter() -> None:
    """Whichever file arrives first, the version is the same."""
    backwards = dict(reversed(CELL.items()))
    assert dataset_version("departures", CELL, BOTH[::-1]) == dataset_version("departures", CELL, BOTH)
    assert dataset_version("departures", backwards, BOTH)[-12:] == dataset_version("departures", CELL, BOTH)[-12:]


def test_the_same_bytes_delivered_again_are_the_same_version() -> None:
    """Where it was conditioned is another delivery, not other data."""
    again = conditioned("flights", path="x")
    assert dataset_version("departures", CELL, (again, BOTH[1])) == dataset_version("departures", CELL, BOTH)


@pytest.mark.parametrize(
    ("dataset", "cell", "sources"),
    [
        ("arrivals", CELL, BOTH),
        ("departures", {**CELL, "year": "2014"}, BOTH),
        ("departures", CELL, (conditioned("flights", raw_sha256="other"), BOTH[1])),
        ("departures", CELL, (conditioned("flights", recipe_sha256="other"), BOTH[1])),
        ("departures", CELL, BOTH[:1]),
    ],
)
def test_other_data_or_another_recipe_is_another_version(
    dataset: str, cell: dict[str, str], sources: tuple[ConditionedSource, ...]
) -> None:
    """Each part of the content counts."""
    assert dataset_version(dataset, cell, sources) != dataset_version("departures", CELL, BOTH)


@given(st.text(max_size=90), st.dictionaries(st.text(max_size=5), st.text(max_size=40), max_size=3))
def test_any_names_give_a_version_that_every_service_takes(dataset: str, cell: dict[str, str]) -> None:
    """Lower-case ASCII letters, digits and hyphens, at most 53."""
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}-[0-9a-f]{12}", dataset_version(dataset, cell, BOTH))


def test_several_files_are_known_by_their_bytes_and_their_order() -> None:
    """One file keeps its own hash, so that a version does not change when a second one could come."""
    assert raw_identity(["a"]) == "a"
    identities = {raw_identity(hashes) for hashes in (["a", "b"], ["b", "a"], ["a", "b", "b"], ["ab"])}
    assert len(identities) == 4


def test_the_manifest_says_what_the_version_was_made_of() -> None:
    """All of it, by source and file, as JSON that can be read back."""
    listing = CellListing(
        sources=(
            SourceFilesOfCell(source="flights", files=(file("flights").raw,), gaps=("2013-01",)),
            SourceFilesOfCell(source="holidays", files=(file("holidays").raw,), earlier=True),
        )
    )
    table = ConditionedTable(
        path="conditioned/flights/t.csv", quarantine=None, profile="p.json", columns={"date": "date"}, deduplicated=1
    )
    files = {
        "flights": ConditionedFiles(files=(file("flights"),), columns={"date": "date"}, table=table),
        "holidays": ConditionedFiles(files=(file("holidays"),), columns={"day": "date"}),
    }
    profiles = {"flights": {"rows": 9}, "holidays": {"rows": 8}}
    place = BlobPlace(url="https://account/landing/raw/flights.csv", version="v1")
    options: dict[str, Any] = {"listing": listing, "profiles": profiles, "places": {"raw/flights.csv": place}}
    made = manifest("departures", CELL, BOTH[::-1], files, **options, warnings=("old",))
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert {key: made[key] for key in ("schema", "dataset", "cell", "rows", "rejected", "warnings")} == {
        "schema": 3,
        "dataset": "departures",
        "cell": CELL,
        "rows": 18,
        "rejected": 2,
        "warnings": ["old"],
    }
    assert made["version"] == dataset_version("departures", CELL, BOTH)
    flights, holidays = made["sources"]
    assert (flights["source"], flights["gaps"], flights["earlier"]) == ("flights", ["2013-01"], False)
    assert (holidays["source"], holidays["gaps"], holidays["earlier"]) == ("holidays", [], True)
    assert flights["files"][0]["raw"] == file("flights").raw.to_wire() | place.to_wire()
    assert holidays["files"][0]["raw"] == file("holidays").raw.to_wire() | {"url": None, "version": None}
    assert (flights["columns"], flights["profile"], flights["table"]) == (
        {"date": "date"},
        {"rows": 9},
        table.to_wire(),
    )
    assert (holidays["profile"], holidays["table"]) == ({"rows": 8}, None)


def test_no_source_or_one_twice_is_refused() -> None:
    """A version of nothing, or one that depends on which of two files was meant, is a fault of the caller."""
    for sources, code in (((), "NoSources"), ((BOTH[0], BOTH[0]), "DuplicateSource")):
        with pytest.raises(PermanentError) as caught:
            dataset_version("departures", CELL, sources)
        assert caught.value.code == code
