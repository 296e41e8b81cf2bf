"""What cannot be used is refused or kept, with a clear reason, and nothing is half done."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from examples.flights.landing import RawFile
from shared.settings import APP_ROOT
from tests.e2e.running import FAST, FILES, PATIENCE, Running, created, eventually

pytestmark = [pytest.mark.stack, pytest.mark.timeout(1200)]


def test_a_file_that_no_source_wants(released: Running) -> None:
    """It is recorded as ignored, with the place to look at."""
    released.land(RawFile("raw/somewhere/else.csv", b"a,b\n1,2\n"))
    delivery = released.delivery("raw/somewhere/else.csv")
    assert delivery["outcome"] == "ignored"
    assert "Compare it with `sources` in the fleet file" in delivery["reason"]


def test_an_empty_file(released: Running) -> None:
    """It is recorded as dead, and no conditioning is started."""
    released.land(RawFile("raw/flights/JFK/2001-01.csv", b""))
    delivery = released.delivery("raw/flights/JFK/2001-01.csv")
    assert delivery["outcome"] == "dead"
    assert "empty" in delivery["reason"]


def test_a_file_that_its_recipe_cannot_read(released: Running) -> None:
    """The conditioning has failed for good, and names file, column and remedy."""
    year = [replace(file, path=file.path.replace("2013", "2002")) for file in FILES]
    released.land_year([*year[:-1], replace(year[-1], content=b"nothing,that,fits\n1,2,3\n")])
    dead = eventually(
        lambda: [one for one in released.deliveries("conditioning") if one["outcome"] == "dead"],
        bool,
        "a conditioning that nobody will try again",
    )
    assert "raw/flights/JFK/2002-12.csv: there is no column `FlightDate`" in dead[0]["reason"]
    assert "deliver the column, or correct `from` in the recipe" in dead[0]["reason"]


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"secret": "another-secret-of-16"}, 401, "The signature does not match"),
        ({"age": 3600}, 401, "more than 600 s from now"),
        ({"X-MLflow-Signature": ""}, 401, "The delivery is not signed"),
    ],
)
def test_a_webhook_that_is_not_believed(released: Running, change: dict[str, object], status: int, said: str) -> None:
    """Wrong signature, too old, unsigned: refused with the reason, and nothing reaches the interlock."""
    revision = released.model(FAST).row["revision"]
    answer = released.webhook(created(FAST, "77"), **change)  # type: ignore[arg-type]  # each case changes one thing
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert released.model(FAST).row["revision"] == revision


def test_a_repeated_webhook(released: Running) -> None:
    """The second delivery of an event is a duplicate, also under another delivery id."""
    assert released.webhook(created(FAST, "1")).json()["status"] == "duplicate"


def test_a_webhook_for_an_unknown_model(released: Running) -> None:
    """It is taken, so that MLflow does not repeat it, and recorded with what to do."""
    answer = released.webhook(created("somebody-elses-model", "3"))
    assert answer.status_code == 200
    assert answer.json()["status"] == "ignored"
    assert "add it to the fleet file" in released.delivery("somebody-elses-model 3 model_version.created")["reason"]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"this is no JSON", 400, "The body is no JSON"),
        (b"[1, 2]", 400, "an object is needed"),
        (b"{}", 400, "lacks `entity`, `action` or `data.name`"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b"x" * 50_000_000, 413, "Send references, not data"),
    ],
    ids=["no JSON", "no object", "no event", "deeply nested", "50 MB"],
)
def test_a_body_that_cannot_be_used(released: Running, body: bytes, status: int, said: str) -> None:
    """Each is answered at once with what is wrong; the host stays up."""
    answer = released.webhook(body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]
    assert released.http.get("/api/models").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{}", 400, "Needed: request_id; allowed: fleet, select"),
        (b'{"model": "departures-jfk", "request_id": "r"}', 404, "did you mean `departures-jfk-mainline-"),
        (b'{"model": "x", "request_id": "r", "datset": "y"}', 400, "datset"),
        (b"?", 400, "The body is no JSON"),
    ],
)
def test_a_training_that_cannot_be_asked_for(released: Running, body: bytes, status: int, said: str) -> None:
    """Data Factory learns which field is wrong and what exists."""
    answer = released.http.post("/api/datafactory/train", content=body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_an_unknown_model_is_asked_for(released: Running) -> None:
    """The answer names the models that there are, or the one that was probably meant."""
    answer = released.http.get("/api/models/nonsense")
    assert answer.status_code == 404
    assert FAST in answer.json()["detail"]
    misspelt = released.http.get(f"/api/models/{FAST[:-1]}")
    assert f"did you mean `{FAST}`?" in misspelt.json()["detail"]


def test_a_fleet_file_with_mistakes_stops_the_start(tmp_path: Path) -> None:
    """Nothing is started; every mistake is told with file, line, what is wrong and what would be right."""
    text = (APP_ROOT / "examples/flights/fleet.yaml").read_text()
    wrong = APP_ROOT / "examples/flights/fleet.yaml"
    broken = tmp_path / "fleet.yaml"
    broken.write_text(
        text.replace("max: 45%", "max: 45").replace("recipe: recipes/holidays", "recipe: recipes/holydays")
    )
    for folder in ("recipes", "pipelines", "golden"):
        (tmp_path / folder).symlink_to(wrong.parent / folder)
    done = subprocess.run(
        [sys.executable, "-m", "local.stack", "up", "--state", str(tmp_path / "state"), "--fleet", str(broken)],
        cwd=APP_ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    lines = text.splitlines()
    for marker, said in (("max: 45%", "45%"), ("recipes/holidays.yaml", "holydays")):
        number = next(i for i, line in enumerate(lines, start=1) if marker in line)
        assert any(f"fleet.yaml:{number}: " in line and said in line for line in done.stdout.splitlines()), done.stdout
    assert not (tmp_path / "state" / "logs").exists()
