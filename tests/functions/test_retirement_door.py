"""Nothing is retired that a fleet file has, that nobody confirmed, or that was not named exactly."""

import re
from pathlib import Path
from typing import Any

import pytest

from functions import adapters
from functions.triggers.http import BadRequestError
from functions.triggers.retirement import RetireRequest, refuse_retirement, retired_datasets, retired_models
from shared.contracts.read_model import ModelRow, RunInFlight
from tests.functions.stored_in_memory import MODEL, NOW, make_stored

OLD = ModelRow(
    fleet="demo", model="slow-jfk", labels={}, revision=7, state="released", reason="", updated_at=NOW, champion="3",
    serving={"mode": "online", "endpoint": "slow-jfk", "deployment": "v3-1"},
    in_flight=(RunInFlight(kind="training", instance="train-slow-jfk-4", attempt=4),),
)  # fmt: skip
ROWS = {row.model: row for row in (OLD, OLD.model_copy(update={"model": MODEL}))}
CELLS = {
    "demo/departures/departures origin=JFK month=2013-01@f": "waiting",
    "demo/weekly/weekly origin=JFK@f": "waiting",
    "demo/weekly/weekly origin=LGA@f": "done",
    "gone/departures/departures origin=JFK@f": "done",
}


@pytest.fixture(autouse=True)
def fleets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet with one model and one dataset."""
    make_stored(tmp_path, monkeypatch)


def _request(**changes: Any) -> RetireRequest:
    return RetireRequest.from_wire({"confirm": True, "requested_by": "ana"} | changes)


def test_a_model_without_a_fleet_file_is_listed_with_what_it_has() -> None:
    """The one that the file has is not."""
    (listed,) = retired_models(adapters.fleets(), ROWS.values())
    assert listed == {
        "model": "slow-jfk", "fleet": "demo", "state": "released", "alias": "champion", "champion": "3",
        "endpoint": "slow-jfk", "deployment": "v3-1", "predictions": None, "in_flight": ["train-slow-jfk-4"],
    }  # fmt: skip


def test_what_is_retired_is_not_listed_again() -> None:
    """A dataset is, when something waits again."""
    assert retired_models(adapters.fleets(), [OLD.model_copy(update={"state": "retired"})]) == []
    done = {key: outcome for key, outcome in CELLS.items() if outcome == "done"}
    retired = {"demo/weekly": "done", "gone/departures": "done"}
    assert retired_datasets(adapters.fleets(), done, retired) == []
    assert [one["dataset"] for one in retired_datasets(adapters.fleets(), CELLS, retired)] == ["demo/weekly"]


def test_a_dataset_without_a_fleet_file_is_listed_with_what_waits() -> None:
    """By its fleet and its name: another fleet may have a dataset of that name."""
    assert retired_datasets(adapters.fleets(), CELLS, {}) == [
        {"dataset": "demo/weekly", "waiting": 1, "cells": ["weekly origin=JFK"]},
        {"dataset": "gone/departures", "waiting": 0, "cells": []},
    ]


def test_what_is_named_and_confirmed_may_go() -> None:
    """Models and datasets together."""
    refuse_retirement(_request(models=["slow-jfk"], datasets=["demo/weekly"]), adapters.fleets(), ROWS, CELLS)


@pytest.mark.parametrize(
    ("change", "status", "told"),
    [
        ({}, 400, "No model and no dataset is named"),
        ({"models": ["slow-jfk"], "confirm": False}, 400, "Nothing was retired: add `confirm: true`"),
        ({"models": ["slow-jfk", MODEL]}, 409, f"fleet.yaml:10 still has the model {MODEL}. Remove it there first"),
        ({"models": ["slow"]}, 404, "Nothing is known of a model slow."),
        ({"datasets": ["demo/departures"]}, 409, "The fleet file still has the dataset demo/departures."),
        ({"datasets": ["weekly"]}, 404, "Nothing is known of a dataset weekly."),
    ],
)
def test_anything_else_is_refused_with_the_reason(change: dict[str, Any], status: int, told: str) -> None:
    """Each answer says what would be right."""
    with pytest.raises(BadRequestError, match=re.escape(told)) as caught:
        refuse_retirement(_request(**change), adapters.fleets(), ROWS, CELLS)
    assert caught.value.answer.status_code == status
