"""The way from raw files to a version, and a story by runs."""

from pathlib import PurePosixPath
from typing import Any

import pytest

from shared.contracts.ledger import LedgerRow
from shared.lineage.environments import environments_of
from shared.lineage.story import shown_version, tell
from shared.lineage.trail import NamedManifest, manifest_of
from tests.shared.lineage.chains import chained, entry

ORIGIN = {
    "artifact_sha256": "aa", "git_commit": None, "platform": "azureml", "environments": ["azureml:forecast:1"],
    "images": ["mcr.example/base:20261101"],
    "manifest": "datasets/d/d-1/manifest.json", "manifest_sha256": "bb",
}  # fmt: skip
MANIFEST = {
    "sources": [{
        "source": "flights", "recipe_sha256": "cc",
        "files": [{
            "raw": {"source": "flights", "path": "raw/a.csv", "etag": "0x1", "size": 9, "url": "https://a/raw/a.csv"},
            "raw_sha256": "dd",
        }],
    }],
}  # fmt: skip
STEPS: list[tuple[str, str, dict[str, Any]]] = [
    ("train-1", "TrainingStarted", {"job": "train-1", "pipeline": "train.yml"}),
    ("train-1", "ModelRegistered", {"version": "1", "dataset": "d-1", "job": "train-1", "origin": ORIGIN}),
    ("release-1", "VersionPromoted", {"version": "1"}),
    ("release-1", "ModelReleased", {"version": "1"}),
    ("train-2", "TrainingStarted", {"job": "train-2"}),
    ("train-2", "ModelRegistered", {"version": "2", "dataset": "d-2", "gates": "edited"}),
    ("release-1", "QaTornDown", {"version": "1"}),
]


def _rows(count: int = len(STEPS)) -> list[LedgerRow]:
    return chained([
        entry(number, by=by, effect=effect, facts=facts, reason=f"reason {number}")
        for number, (by, effect, facts) in enumerate(STEPS[:count])
    ])  # fmt: skip


def test_a_trail_leads_from_raw_files_to_what_serves() -> None:
    """Each link of the version in production, though a newer one was registered since."""
    trail = tell("m", _rows(), manifest=MANIFEST)["trail"]
    assert (trail["version"], trail["row"], trail["dataset"], trail["pipeline"]) == ("1", 2, "d-1", "train.yml")
    assert {name: trail[name] for name in ORIGIN} == ORIGIN
    where = {"url": "https://a/raw/a.csv", "version": None, "etag": "0x1"}
    assert trail["raw"] == [
        {"source": "flights", "path": "raw/a.csv", **where, "size": 9, "sha256": "dd", "recipe_sha256": "cc"}
    ]
    assert [(one["row"], one["effect"]) for one in trail["serving"]] == [(3, "VersionPromoted"), (4, "ModelReleased")]


def test_what_is_not_known_is_nothing() -> None:
    """A registration of before says nothing of files and environments, and an edited one breaks no story."""
    rows = chained([entry(0, facts={"version": "2", "gates": "edited", "origin": "edited"})])
    trail = tell("m", rows)["trail"]
    assert trail["version"] == "2"
    assert {trail[name] for name in ("raw", "manifest", "git_commit", "artifact_sha256", "pipeline")} == {None}
    assert manifest_of("2", rows) is None


def test_the_manifest_is_the_one_that_the_registration_names() -> None:
    """With its hash, and the row that says so."""
    assert manifest_of("1", _rows()) == NamedManifest("datasets/d/d-1/manifest.json", "bb", 2)
    assert manifest_of("7", _rows()) is None


def test_a_story_is_told_by_runs() -> None:
    """Each by how it came out, with all of its rows, also those that others came between."""
    told = [(run["by"], run["kind"], run["reason"], run["rows"]) for run in tell("m", _rows())["runs"]]
    assert told == [
        ("train-1", "Training", "reason 1", [1, 2]),
        ("release-1", "Release", "reason 3", [3, 4, 7]),
        ("train-2", "Training", "reason 5", [5, 6]),
    ]
    (run,) = tell("m", _rows(1))["runs"]
    assert (run["kind"], run["what"], run["version"]) == (None, "Training started", None)


@pytest.mark.parametrize(("count", "version"), [(0, None), (1, None), (2, "1"), (6, "1")])
def test_the_story_is_about_what_serves_or_was_registered_last(count: int, version: str | None) -> None:
    """A later version that was not released does not take its place."""
    assert shown_version(_rows(count)) == version


def test_an_effect_without_a_title_is_spoken() -> None:
    """New effects can be read before somebody names them."""
    (step,) = tell("m", chained([entry(0, effect="RouteMovedBack")]))["story"]
    assert step["what"] == "Route moved back"


def test_findings_from_elsewhere_break_the_seal() -> None:
    """What anchors know counts as much as what the rows show."""
    told = tell("m", _rows(), findings=["cut: the anchor knows row 9"])
    assert (told["verified"], told["findings"]) == (False, ["cut: the anchor knows row 9"])


FILES: dict[str, Any] = {
    "p/train.yml": {"jobs": {
        "a": {"component": "./components/a.yml"},
        "b": {"component": "azureml:registered:1"},
        "c": {"environment": {"image": "ubuntu", "conda_file": "conda.yml"}},
        "d": {"component": {"environment": "azureml:inline:2"}},
        "e": {"component": "file:components/nested.yml"},
        "f": "no job",
    }},
    "p/components/a.yml": {"environment": "azureml:forecast:1"},
    "p/components/nested.yml": {"jobs": {"a": {"component": "./a.yml"}, "b": {"environment": "azureml:last@latest"}}},
    "p/loop.yml": {"jobs": {"a": {"component": "loop.yml"}}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "found"),
    [
        ("p/train.yml", ("azureml:forecast:1", "azureml:inline:2", "azureml:last@latest",
                         "ubuntu (definition efaf022a8c8c)")),
        ("p/components/a.yml", ("azureml:forecast:1",)),
        ("p/loop.yml", ()),
    ],
)  # fmt: skip
def test_environments_are_those_of_all_steps(file: str, found: tuple[str, ...]) -> None:
    """In files, inline, and in components of components; one that includes itself ends."""
    assert environments_of(PurePosixPath(file), lambda path: FILES[str(path)]) == found
