"""What the doors tell of dataset versions and of quarantine, and that nothing personal goes through them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from cli.dataset_diff import differences
from cli.dataset_screen import print_version
from functions import adapters, quarantined
from functions.triggers import datasets
from shared.conditioning.engine.quarantine import HEADER, QuarantinedRow, quarantine_csv
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.fleet.loader import load_fleets
from tests.functions.landing_site import FLEET, RECIPE, Site, ready
from tests.functions.stores import Blobs, Index

AT = datetime(2013, 8, 1, tzinfo=UTC)
BLOB = "quarantine/flights/1f.csv"
FILE = "raw/flights/JFK/2013-07.csv"
PERSONAL = "columns: {route: {from: route}, flights: {from: flights, type: integer, personal: true}}\n"


def row(number: int, rule: str = "flights.not_an_integer", file: str = FILE) -> QuarantinedRow:
    """A rejected row with all that CSV can trip over."""
    return QuarantinedRow(file, number, number + 1, 10 * number, rule, 'got "x,\ny"', f'JFK-{number},"x\r\n')


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    """A fleet, and its data container with three rejected rows of one file."""
    for name in ("p.yml", "golden.csv"):
        (tmp_path / name).touch()
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    (tmp_path / "fleet.yaml").write_text(FLEET)
    blobs, index = Blobs("data"), Index()
    monkeypatch.setattr(adapters, "fleets", lambda: load_fleets([tmp_path / "fleet.yaml"]))
    monkeypatch.setattr(adapters, "data", lambda: blobs)
    monkeypatch.setattr(adapters, "dataset_index", lambda: index)
    blobs.land(BLOB, HEADER + quarantine_csv([row(1), row(2, "field_count"), row(3)]), AT)
    return blobs


def publish(version: str, day: int, month: str = "2013-07") -> DatasetRef:
    """A version of a cell, made on a day of August."""
    ref = DatasetRef(
        dataset="monthly", version=version, cell={"origin": "JFK", "month": month}, path=f"datasets/monthly/{version}/",
        rows=10, rejected=1, ends=datetime(2013, int(month[-2:]), 28, tzinfo=UTC).date(),
    )  # fmt: skip
    adapters.dataset_index().put(IndexedDataset(fleet="flights", dataset=ref, at=AT + timedelta(days=day)))
    return ref


async def ask(door: Any, params: dict[str, str] | None = None, **route: str) -> tuple[int, dict[str, Any]]:
    """What a door answers."""
    request = func.HttpRequest("GET", "http://app/api", params=params or {}, route_params=route, body=b"")
    answer = await door(request)
    return answer.status_code, json.loads(answer.get_body())


async def test_quarantine_is_listed_with_its_rules_newest_first(data: Blobs) -> None:
    """Each blob with its source, raw file, rows by rule, and when."""
    data.land("quarantine/holidays/2e.csv", quarantine_csv([row(1, file="raw/holidays/2013.csv")]), AT + timedelta(1))
    status, told = await ask(datasets.list_quarantine)
    assert (status, [one["source"] for one in told["quarantine"]]) == (200, ["holidays", "flights"])
    assert told["quarantine"][1] == {
        "path": BLOB, "source": "flights", "files": [FILE], "rows": 3, "complete": True, "at": AT.isoformat(),
        "rules": {"flights.not_an_integer": 2, "field_count": 1},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("params", "found"),
    [({"source": "flights"}, [BLOB]), ({"file": FILE}, [BLOB]), ({"file": "raw/flights/JFK/2013-08.csv"}, []),
     ({"source": "weather"}, []), ({"limit": "1"}, [BLOB])],
)  # fmt: skip
async def test_quarantine_is_found_by_source_and_by_raw_file(
    data: Blobs, params: dict[str, str], found: list[str]
) -> None:
    """A raw file of which nothing was rejected has none."""
    data.land("quarantine/holidays/2e.csv", quarantine_csv([row(1, file="raw/holidays/2013.csv")]), AT - timedelta(1))
    assert [one["path"] for one in (await ask(datasets.list_quarantine, params))[1]["quarantine"]] == found


@pytest.mark.parametrize("path", [BLOB, "flights/1f.csv"])
async def test_rejected_rows_are_read_back_as_they_were(data: Blobs, path: str) -> None:
    """Place, rule, reason and raw text, with its line ends and quotes."""
    status, told = await ask(datasets.read_quarantine, path=path)
    assert (status, told["path"], told["next"]) == (200, BLOB, None)
    assert [QuarantinedRow(**one) for one in told["rows"]] == [row(1), row(2, "field_count"), row(3)]


@pytest.mark.parametrize("read_bytes", [1, 7, 64, 1 << 20])
async def test_pages_join_to_all_rows(data: Blobs, monkeypatch: pytest.MonkeyPatch, read_bytes: int) -> None:
    """Each row once, wherever reads and pages end, and the last page says that it is the last."""
    monkeypatch.setattr(quarantined, "_READ_BYTES", read_bytes)
    after: int | None = 0
    rows: list[int] = []
    while after is not None:
        told = (await ask(datasets.read_quarantine, {"after": str(after), "limit": "1"}, path=BLOB))[1]
        rows += [one["row"] for one in told["rows"]]
        after = told["next"]
    assert rows == [1, 2, 3]


async def test_rows_of_one_rule(data: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are passed over; of a large blob only a part is looked through for one answer, and the next goes on."""
    params = {"rule": "field_count"}
    assert [one["row"] for one in (await ask(datasets.read_quarantine, params, path=BLOB))[1]["rows"]] == [2]
    monkeypatch.setattr(quarantined, "SCANNED_BYTES", 1)
    told = (await ask(datasets.read_quarantine, params, path=BLOB))[1]
    assert (told["rows"], told["next"]) == ([], len(HEADER + quarantine_csv([row(1)])))
    (listed,) = (await ask(datasets.list_quarantine))[1]["quarantine"]
    assert (listed["rows"], listed["complete"]) == (1, False)


async def test_raw_rows_with_personal_columns_are_not_told(data: Blobs, tmp_path: Path) -> None:
    """A column that its recipe marks as personal is enough; place and reason are told, the reason without values."""
    (tmp_path / "recipe.yaml").write_text(PERSONAL)
    told = (await ask(datasets.read_quarantine, path=BLOB))[1]
    assert [one["raw"] for one in told["rows"]] == [None] * 3
    assert "JFK-" not in json.dumps(told)


@pytest.mark.parametrize("recipe", ["columns: {", ""])
async def test_a_recipe_that_cannot_be_read_shows_nothing(data: Blobs, tmp_path: Path, recipe: str) -> None:
    """Nobody can tell what would be personal."""
    (tmp_path / "recipe.yaml").write_text(recipe)
    assert [one["raw"] for one in (await ask(datasets.read_quarantine, path=BLOB))[1]["rows"]] == [None] * 3


async def test_a_file_that_no_fleet_claims_shows_nothing(data: Blobs) -> None:
    """Nor does one that another source claims now."""
    data.land("quarantine/gone/3.csv", quarantine_csv([row(1, file="elsewhere.csv"), row(2)]), AT)
    assert [one["raw"] for one in (await ask(datasets.read_quarantine, path="gone/3.csv"))[1]["rows"]] == [None, None]


@pytest.mark.parametrize(
    ("path", "params", "status", "right"),
    [("flights/9.csv", {}, 404, "`GET /api/quarantine` lists"),
     ("../datasets/x.csv", {}, 400, "quarantine/SOURCE/ID.csv"),
     ("flights/../../x.csv", {}, 400, "quarantine/SOURCE/ID.csv"),
     ("\0/1f.csv", {}, 400, "quarantine/SOURCE/ID.csv"),
     ("flights/1f.json", {}, 400, "quarantine/SOURCE/ID.csv"),
     (BLOB, {"after": "-1"}, 400, "`next` of the page before"),
     (BLOB, {"after": "60"}, 400, "`next` of the page before"),
     (BLOB, {"limit": "0"}, 400, "from 1 to 1000")],
)  # fmt: skip
async def test_what_is_no_page_of_quarantine_is_refused(
    data: Blobs, path: str, params: dict[str, str], status: int, right: str
) -> None:
    """The answer says what would be right."""
    found, problem = await ask(datasets.read_quarantine, params, path=path)
    assert (found, right in problem["detail"]) == (status, True), problem


async def test_present_versions_are_listed_by_dataset(data: Blobs) -> None:
    """Of each cell the one that the last arrival has led to."""
    publish("monthly-1", 0)
    publish("monthly-2", 1)
    publish("monthly-3", 0, "2013-08")
    status, told = await ask(datasets.list_datasets)
    (one,) = told["datasets"]
    assert (status, one["fleet"], one["dataset"], one["more"]) == (200, "flights", "monthly", False)
    assert {version["version"] for version in one["versions"]} == {"monthly-2", "monthly-3"}
    assert one["versions"][0]["rows"] == 10


async def test_all_versions_are_listed_when_asked_for(data: Blobs) -> None:
    """Newest first, and those that were replaced are marked."""
    publish("monthly-1", 0)
    publish("monthly-2", 1)
    params = {"all": "true", "dataset": "monthly", "fleet": "flights"}
    (one,) = (await ask(datasets.list_datasets, params))[1]["datasets"]
    assert [(version["version"], version["present"]) for version in one["versions"]] == [
        ("monthly-2", True),
        ("monthly-1", False),
    ]
    (one,) = (await ask(datasets.list_datasets, params | {"limit": "1"}))[1]["datasets"]
    assert (len(one["versions"]), one["more"]) == (1, True)


@pytest.mark.parametrize(
    ("params", "status", "right"),
    [({"dataset": "montly"}, 404, "did you mean `monthly`?"), ({"fleet": "fligths"}, 404, "did you mean `flights`?"),
     ({"all": "1"}, 400, "true or false"), ({"limit": "many"}, 400, "from 1 to 1000")],
)  # fmt: skip
async def test_what_is_no_dataset_is_refused(data: Blobs, params: dict[str, str], status: int, right: str) -> None:
    """The answer says what there is."""
    found, problem = await ask(datasets.list_datasets, params)
    assert (found, right in problem["detail"]) == (status, True), problem


async def test_a_version_is_told_with_its_manifest_and_its_standing(data: Blobs) -> None:
    """In which fleet it was published, and whether another version has taken its place since."""
    old = publish("monthly-1", 0)
    data.write(f"{old.path}manifest.json", b'{"version": "monthly-1"}')
    told = await ask(datasets.get_dataset, name="monthly", version="monthly-1")
    place = {"fleet": "flights", "at": AT.isoformat(), "present": True}
    assert told == (200, {"manifest": {"version": "monthly-1"}, "published": [place]})
    publish("monthly-2", 1)
    (again,) = (await ask(datasets.get_dataset, name="monthly", version="monthly-1"))[1]["published"]
    assert not again["present"]
    status, problem = await ask(datasets.get_dataset, name="monthly", version="monthly-3")
    assert (status, "all=true" in problem["detail"]) == (404, True)


async def test_what_the_app_has_made_can_be_read(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    """Two versions of a cell through the app: what rejected rows, what each was made of, and how they differ."""
    await ready(site)
    await site.land("raw/flights/JFK/2013-07.csv", "ATL,5", "BOS,x", "CLE")
    first = site.newest().version
    await site.land("raw/flights/JFK/2013-07b.csv", "DCA,7")
    (listed,) = (await ask(datasets.list_datasets, {"all": "true"}))[1]["datasets"]
    versions = {one["version"]: one["present"] for one in listed["versions"] if one["cell"]["origin"] == "JFK"}
    assert versions == {first: False, site.newest().version: True}
    (rejected,) = (await ask(datasets.list_quarantine, {"file": "raw/flights/JFK/2013-07.csv"}))[1]["quarantine"]
    rows = (await ask(datasets.read_quarantine, path=rejected["path"]))[1]["rows"]
    assert [(one["line"], one["rule"], one["raw"]) for one in rows] == [
        (3, "flights.not_an_integer", "BOS,x"),
        (4, "field_count", "CLE"),
    ]
    before, after = [(await ask(datasets.get_dataset, name="monthly", version=name))[1] for name in versions][::-1]
    assert before["manifest"]["version"] == first
    print_version(before)
    shown = capsys.readouterr().out
    for part in (
        f"signalbox quarantine show {rejected['path']}",
        "3 rows read, 1 rows written, 2 rejected",
        "flights.not_an_integer (1)",
        "ATL (1)",
    ):
        assert part in shown, part
    told = [f"{one.source}: {one.text}" for one in differences(before["manifest"], after["manifest"])]
    assert "flights: raw/flights/JFK/2013-07b.csv is new" in told
    assert "flights: rows written: 1 → 2 (+100.0%)" in told
    assert "flights: flights: largest 5 → 7 (+40.0%)" in told
