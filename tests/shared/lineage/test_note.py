"""What a registry is given to show of a version: why it is, or is not, in production."""

from typing import Any

import pytest

from shared.contracts.ledger import LedgerRow
from shared.contracts.registry import ROWS_TAG
from shared.lineage.note import LINK_TAG, version_note
from shared.lineage.standing import standing
from shared.lineage.story import tell
from shared.lineage.trail import is_known, trail
from shared.registry.descriptions import described
from tests.shared.lineage.chains import chained, entry

MANIFEST = {
    "sources": [
        {
            "source": "flights",
            "recipe_sha256": "cc",
            "files": [
                {
                    "raw": {"path": "raw/a.csv", "etag": "0x1", "size": 9, "url": "https://a/landing/raw/a.csv"},
                    "raw_sha256": "dd",
                },
                {
                    "raw": {
                        "path": "b.csv",
                        "etag": "0x2",
                        "size": 9,
                        "url": "https://a/raw/b.csv",
                        "version": "7",
                    },
                    "raw_sha256": "ee",
                },
            ],
        }
    ]
}
ORIGIN = {
    "artifact_sha256": "ab" * 32,
    "images": ["python 3.13.0, 9 packages"],
    "manifest": "m",
    "manifest_sha256": "f",
}
GATES = [{"gate": "accuracy", "passed": True, "reason": "accuracy: MAPE 31 % is at most 45 %"}, "edited"]
REGISTERED = {"version": "1", "dataset": "d-1", "job": "train-1", "origin": ORIGIN, "gates": GATES}
OTHER = {"model": "m", "version": "2"}
BASELINE = {"model": "average", "version": "4"}
STEPS: list[tuple[str, dict[str, Any], str]] = [
    ("ModelRegistered", REGISTERED, "Version 1 passed. MAPE 31 %"),
    ("ReleaseFailed", {"version": "1"}, "Its golden set failed."),
    ("ModelReleased", {"version": "1"}, "Version 1 serves."),
    ("ModelRegistered", {"version": "2"}, "Version 2 was rejected. MAPE 60 %"),
    ("ModelReleased", {"version": "2"}, "Version 2 serves."),
    ("RolledBack", {"leaves": "2", "serves": {"model": "m", "version": "1"}}, "Version 2 gave way."),
    ("FailedOver", {"leaves": "1", "serves": BASELINE}, "Version 1 gave way to another."),
    ("ModelRetired", {}, "Out of service."),
]


def _rows(count: int) -> list[LedgerRow]:
    return chained([
        entry(number, effect=effect, facts=facts, reason=reason, by=f"run-{number}")
        for number, (effect, facts, reason) in enumerate(STEPS[:count])
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("count", "version", "told"),
    [
        (0, "1", "Version 1 of m was never judged here."),
        (1, "1", "Version 1 of m is not in production. Version 1 passed. MAPE 31 %"),
        (2, "1", "Version 1 of m is not in production. Its golden set failed."),
        (3, "1", "Version 1 of m is in production since 2026-01-02 03:04 UTC. Version 1 serves."),
        (4, "2", "Version 2 of m is not in production. Version 2 was rejected. MAPE 60 %"),
        (5, "1", "Version 1 of m is not in production any more. 2026-01-02 03:04 UTC: Version 2 serves."),
        (6, "1", "Version 1 of m is in production since 2026-01-02 03:04 UTC. Version 2 gave way."),
        (6, "2", "Version 2 of m is not in production any more. 2026-01-02 03:04 UTC: Version 2 gave way."),
        (7, "1", "Version 1 of m is not in production any more. 2026-01-02 03:04 UTC: Version 1 gave way to another."),
        (8, "2", "Version 2 of m is not in production any more. 2026-01-02 03:04 UTC: Version 2 gave way."),
    ],
)  # fmt: skip
def test_a_version_is_told_as_it_stands(count: int, version: str, told: str) -> None:
    """Judged, refused, in production, replaced, rolled back, stood in for, retired."""
    assert standing("m", version, _rows(count)) == told


def test_a_note_tells_verdict_origin_and_steps() -> None:
    """In words, with each gate, the newest raw file of each source, and what was done, also by a rollback."""
    note = version_note("m", "1", _rows(6), MANIFEST, "https://app/api/dashboard/models/m")
    assert note.tags == {LINK_TAG: "https://app/api/dashboard/models/m", ROWS_TAG: "6"}
    for told in (
        "**Version 1 of m is in production since 2026-01-02 03:04 UTC. Version 2 gave way.**",
        "- accuracy: MAPE 31 % is at most 45 % (passed)",
        "- flights: 2 raw files, the last one `https://a/raw/b.csv` (version 7, sha256 ee…)",
        "- environment python 3.13.0, 9 packages",
        f"- model files sha256 {'ab' * 6}…",
        "- 2026-01-02 03:04 UTC, Rolled back: Version 2 gave way.",
        "`signalbox why m@1` tells all of it",
        "All of it: https://app/api/dashboard/models/m",
    ):
        assert told in note.text
    assert "edited" not in note.text


def test_a_note_of_what_nobody_knows_says_so() -> None:
    """No manifest, no gates, no address: still a note, and the same for the same ledger."""
    note = version_note("m", "2", _rows(4))
    assert note == version_note("m", "2", _rows(4))
    assert note.tags == {ROWS_TAG: "4"}
    assert "raw files: unknown" in note.text
    assert "environment unknown" in note.text


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("see [here](https://evil.example)\n# and\n- there", r"see \[here\](`https://evil.example`) # and - there"),
        ("see https://evil.example/a_b?c=1.", "see `https://evil.example/a_b?c=1`."),
        ("see <https://evil.example>", "see < `https://evil.example`>"),
        ('<a href="https://evil.example">x</a>', '< a href="`https://evil.example`">x< /a>'),
        ("`x https://evil.example y` ![i][1]", r"'x `https://evil.example` y' !\[i\]\[1\]"),
        ("ana@evil.example or www.evil.example", "`ana@evil.example` or `www.evil.example`"),
        (r"\[x](y) 3 < 4", r"\\\[x\](y) 3 < 4"),
    ],
)
def test_nothing_that_somebody_wrote_becomes_a_link(reason: str, told: str) -> None:
    """A reason may come from anywhere, and a registry shows Markdown."""
    rows = chained([entry(0, facts={"version": "1"}, reason=reason)])
    (line,) = [line for line in version_note("m", "1", rows).text.splitlines() if line.startswith("- 2026")]
    assert line.endswith(f": {told}")


def test_a_long_note_keeps_link_and_newest_steps() -> None:
    """What there is no room for is cut from its end, where the least important stands, and never within a word."""
    gates = [{"gate": f"gate{number}", "passed": True, "reason": "MAPE is at most " * 20} for number in range(9)]
    steps = [
        entry(number, effect="ChallengerAnalysed", facts={"version": "1"}, reason=f"no{number} " + "compared " * 30)
        for number in range(1, 40)
    ]
    last = entry(99, effect="ModelReleased", facts={"version": "1"}, reason="NEWEST")
    rows = chained([entry(0, facts={"version": "1", "gates": gates}), *steps, last])
    told = described("Mine.", version_note("m", "1", rows, None, "https://app/m").text)
    assert told.index("All of it: https://app/m") < told.index("Released: NEWEST") < told.index("no39 compared")
    assert "no1 " not in told
    cut = [line for line in told.splitlines() if line.endswith("…")]
    assert all(line.endswith((" compared…", " at…", " most…", " is…", " MAPE…")) for line in cut if line != "…")


def test_a_rollback_that_left_a_version_serving_did_not_take_it_out() -> None:
    """What came later did."""
    left = {"leaves": "1", "serves": {"model": "m", "version": "1"}}
    steps: list[tuple[str, dict[str, Any], str]] = [
        ("ModelReleased", {"version": "1"}, "Version 1 serves."),
        ("RollbackFailed", left, "Nothing changed."),
        ("ModelReleased", {"version": "2"}, "Version 2 serves."),
    ]
    rows = chained([entry(0, effect=effect, facts=facts, reason=reason) for effect, facts, reason in steps])
    assert standing("m", "1", rows).endswith(": Version 2 serves.")
    assert standing("m", "1", rows[:2]).startswith("Version 1 of m is in production since")


def test_a_baselines_version_is_not_the_models() -> None:
    """Both are numbered, and one that stands in says nothing of the model's own version of that number."""
    began = {"leaves": {"model": "m", "version": "1"}, "back_to": None}
    steps: list[tuple[str, dict[str, Any]]] = [
        ("RollbackStarted", began), ("ProductionDeployed", {"version": "4", "leaves": "1"}), STEPS[6][:2],
    ]  # fmt: skip
    away = [
        entry(90 + number, effect=effect, facts=facts, by="back", reason="Version 1 gave way to another.")
        for number, (effect, facts) in enumerate(steps)
    ]
    rows = chained([*(row.entry for row in _rows(6)), *away])
    assert not is_known("4", rows)
    assert not is_known("4", rows[:-1])
    assert trail("4", rows)["serving"] == []
    assert is_known("1", rows[6:])
    assert standing("m", "4", rows) == "Version 4 of m was never judged here."
    assert "gave way to another" in version_note("m", "1", rows).text


def test_a_story_can_be_asked_for_a_version() -> None:
    """Though another one is in production, it tells where that one came from and how it stands."""
    story = tell("m", _rows(5), version="1", manifest=MANIFEST)
    assert story["summary"] == standing("m", "1", _rows(5))
    assert (story["trail"]["version"], story["trail"]["raw"][1]["version"]) == ("1", "7")
    assert tell("m", _rows(5))["trail"]["version"] == "2"
