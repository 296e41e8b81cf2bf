"""A model's story says whether it is in production, and why."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.contracts.ledger import LedgerEntry, LedgerRow
from shared.lineage.ledger import chain
from shared.lineage.story import tell
from tests.shared.lineage.chains import chained, entry

_REASONS = {
    "ModelRegistered": "MAPE 46.5 % is above 45.0 %",
    "ModelReleased": "Version 3 serves.",
    "ModelRetired": "Out of service, asked for by ana.",
}


def _story(*effects: str) -> dict[str, Any]:
    rows: list[LedgerRow] = []
    for number, effect in enumerate(effects):
        entry = LedgerEntry(
            model="m", effect=effect, key=f"k{number}", at=datetime(2026, 1, 2, tzinfo=UTC), by="i",
            reason=_REASONS.get(effect, ""), facts={"version": "3", "gates": [{"reason": "MAPE is 23 %"}]},
        )  # fmt: skip
        rows.append(chain(rows[-1] if rows else None, entry))
    return tell("m", rows)


@pytest.mark.parametrize(
    ("effects", "summary"),
    [
        (["ModelRegistered"], "No version of m is in production. MAPE 46.5 % is above 45.0 %"),
        (["ModelRegistered", "ModelReleased"],
         "Version 3 of m is in production because MAPE is 23 %. Version 3 serves."),
        (["ModelRegistered", "ModelReleased", "ModelRetired"],
         "No version of m is in production. Out of service, asked for by ana."),
        (["ModelReleased", "ModelRetired", "ModelRegistered"],
         "No version of m is in production. MAPE 46.5 % is above 45.0 %"),
        (["ModelRetired", "ModelRegistered", "ModelReleased"],
         "Version 3 of m is in production because MAPE is 23 %. Version 3 serves."),
    ],
)  # fmt: skip
def test_the_summary_is_of_the_time_since_the_last_retirement(effects: list[str], summary: str) -> None:
    """A model that came back is judged by what happened since."""
    assert _story(*effects)["summary"] == summary


def _serving(effect: str, version: str | None) -> dict[str, Any]:
    """The story of a release of versions 3 and 4, and of what came after it."""
    facts: list[tuple[str, dict[str, Any]]] = [
        *(
            (one, {"version": number, "gates": [{"reason": f"MAPE is {number} %"}]})
            for number in ("3", "4")
            for one in ("ModelRegistered", "ModelReleased")
        ),
        (effect, {"leaves": "4", "serves": {"model": "m", "version": version} if version else None}),
    ]
    return tell("m", chained([entry(number, effect=one, facts=of) for number, (one, of) in enumerate(facts)]))


@pytest.mark.parametrize(
    ("effect", "serves", "version", "summary"),
    [
        ("RolledBack", "3", "3", "Version 3 of m is in production because MAPE is 3 %. it passed"),
        ("RollbackFailed", "3", "3", "Version 3 of m is in production because MAPE is 3 %. it passed"),
        ("RollbackFailed", "4", "4", "Version 4 of m is in production because MAPE is 4 %. it passed"),
        ("RollbackFailed", None, "4", "Version 4 of m is in production because MAPE is 4 %. it passed"),
        ("FailedOver", "1", "4", "No version of m is in production; its baseline stands in. it passed"),
        ("Approved", None, "4", "Version 4 of m is in production because MAPE is 4 %. it passed"),
    ],
)
def test_a_rollback_changes_what_the_story_is_about(
    effect: str, serves: str | None, version: str, summary: str
) -> None:
    """It is about what serves now; of a baseline that stands in, about the version that was judged last."""
    told = _serving(effect, serves)
    assert (told["trail"]["version"], told["summary"]) == (version, summary)


def test_a_baseline_that_stands_in_in_part_is_no_version_of_the_model() -> None:
    """The number of its version may be that of one of the model's own."""
    facts = [
        *((one, {"version": "1", "gates": []}) for one in ("ModelRegistered", "ModelReleased")),
        ("RollbackFailed", {"leaves": "1", "serves": {"model": "m-baseline", "version": "1"}}),
    ]
    told = tell("m", chained([entry(number, effect=one, facts=of) for number, (one, of) in enumerate(facts)]))
    assert told["summary"] == "No version of m is in production; its baseline stands in. it passed"


def test_a_retirement_has_a_title() -> None:
    """A person reads words, not names of effects."""
    assert [step["what"] for step in _story("ModelReleased", "ModelRetired")["story"]] == ["Released", "Retired"]


def test_steps_back_have_titles() -> None:
    """As what they undo has."""
    steps = ("ChampionRestored", "TrafficRestored", "RouteRestored", "ReadersRestored")
    words = [step["what"] for step in _story(*steps)["story"]]
    assert words == ["Alias given back", "Traffic given back", "Route given back", "Readers sent back"]
