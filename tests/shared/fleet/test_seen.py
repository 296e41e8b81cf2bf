"""A fleet as somebody sees it who may see some of its models: all that these work with, and nothing else."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import PermanentError
from shared.fleet.fleet import Fleet, Fleets
from shared.fleet.loader import load_fleet
from shared.fleet.seen import SeenFleet, seen_fleet, seen_fleets

_FLEET = """\
fleet: flights
timezone: UTC
matrix: {origin: [JFK, LGA, EWR], kind: [fast, slow]}
sources:
  flights: {files: "raw/{origin}/{kind}/{month}.csv", recipe: recipe.yaml}
  holidays: {files: "raw/holidays/{year}.csv", recipe: recipe.yaml}
  scores: {files: "raw/scores/{origin}.csv", recipe: recipe.yaml}
  sums: {files: "raw/sums/{origin}.csv", recipe: recipe.yaml}
datasets:
  monthly: {from: [flights, holidays], per: [origin, kind, month]}
  periods: {from: [scores], per: [origin]}
  totals: {from: [sums], per: [origin]}
models:
  m-{origin}-{kind}: {train: {pipeline: p.yml, data: monthly}, serve: {batch: p.yml}, golden: golden.csv}
  s-{origin}: {train: {pipeline: p.yml, data: periods}, serve: {batch: p.yml, data: totals}, golden: golden.csv}
gates: {accuracy: {metric: rmse, max: 3}}
"""


@cache
def whole() -> Fleet:
    """Six models by origin and kind, and three by origin that score another dataset."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        for name in ("recipe.yaml", "p.yml", "golden.csv"):
            (folder / name).touch()
        (folder / "fleet.yaml").write_text(_FLEET)
        return load_fleet(folder / "fleet.yaml")


def seen(*models: str) -> SeenFleet:
    """As who may see these sees it."""
    return seen_fleet(whole(), frozenset(models))


CELLS = st.fixed_dictionaries({
    "origin": st.sampled_from(["JFK", "LGA", "EWR", "BOS"]), "kind": st.sampled_from(["fast", "slow"]),
    "month": st.just("2013-07"),
})  # fmt: skip


@given(st.sets(st.sampled_from([policy.model for policy in whole().models])), CELLS)
def test_a_cell_is_seen_by_whoever_sees_a_model_that_works_with_it(models: set[str], cell: dict[str, str]) -> None:
    """As the whole fleet says which models these are; so are its files and the cells that they lead to."""
    found, concerned = seen(*models), {one.model for one in whole().models_of("monthly", cell)}
    assert found.has_cell("monthly", cell) == bool(concerned & models)
    path = f"raw/{cell['origin']}/{cell['kind']}/2013-07.csv"
    claim = whole().claim(path)
    own = found.claim(path)
    assert own == (claim if concerned & models else None)
    if own is not None:
        assert found.cells("monthly", own) == (cell,)
    holidays = found.claim("raw/holidays/2013.csv")
    every = found.cells("monthly", holidays) if holidays is not None else ()
    assert all(found.has_cell("monthly", one) for one in every)
    assert (cell in every) == bool(concerned & models)


@given(st.sets(st.sampled_from([policy.model for policy in whole().models])))
def test_nothing_is_there_that_none_of_the_models_has(models: set[str]) -> None:
    """Neither values of labels, nor datasets and sources, nor lines of the file; a fleet without models is not."""
    found = seen(*models)
    assert {policy.model for policy in found.models} == models == found.lines.keys()
    origins = {policy.labels["origin"] for policy in found.models}
    assert set(found.matrix["origin"]) == origins
    scores = any(name[0] == "s" for name in models)
    assert {"periods", "totals"} & found.datasets.keys() == ({"periods", "totals"} if scores else set())
    assert {"scores", "sums"} & found.sources.keys() == ({"scores", "sums"} if scores else set())
    assert len(seen_fleets(Fleets((whole(),)), frozenset(models)).all) == bool(models)
    assert seen_fleet(found, frozenset(models)).models == found.models


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ({"origin": "EWR", "kind": "fast", "month": "2013-07"}, "`EWR` is no origin, known here: JFK, LGA"),
        ({"origin": "XXX", "kind": "fast", "month": "2013-07"}, "`XXX` is no origin, known here: JFK, LGA"),
        ({"origin": "JFK", "kind": "slow", "month": "2013-07"}, "no model that you may see works with it"),
    ],
)
def test_a_cell_that_is_not_theirs_is_none(cell: dict[str, Any], told: str) -> None:
    """With the words for one that there is not, as far as labels tell it."""
    with pytest.raises(PermanentError) as refused:
        seen("m-jfk-fast", "m-lga-slow").check_cell("monthly", cell)
    assert told in refused.value.message
    seen("m-jfk-fast").check_cell("monthly", {**cell, "origin": "JFK", "kind": "fast"})
