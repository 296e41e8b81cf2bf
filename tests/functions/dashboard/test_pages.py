"""The page's doors: what they answer to whom, and that nothing which anybody has named runs, or breaks a page."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final
from xml.etree.ElementTree import fromstring
from zoneinfo import ZoneInfo

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.dashboard import reading, wording
from functions.index import ROUTES
from functions.observed import keep_observed, observed_periods
from functions.triggers import dashboard
from shared import telemetry
from shared.contracts.datasets import DatasetRef, IndexedDataset
from shared.contracts.deliveries import Delivery
from shared.contracts.fleet_runs import RunRow
from shared.contracts.monitoring import ObservedPeriod
from shared.contracts.scoring import Publication
from shared.contracts.traces import TraceNode
from shared.errors import TransientError
from tests.functions.dashboard.builders import NOW, judged, parsed, policy, row
from tests.functions.dashboard.conftest import Client, Memory, ask, manifest

EVIL = '<script>alert("1")</script><img src=x onerror=alert(1)>\'"`{{7*7}}{% x %}&lt;'
NAMES = st.one_of(
    st.sampled_from([EVIL, "\x00\x07", "\u202eevil\u202c", "é😀" * 32, "a/b?c#d", "--x", " ", "${x}", "<!--", "]]>"]),
    st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=64),
)
PAGES: Final[dict[str, dict[str, str]]] = {
    "dashboard": {}, "dashboard_models": {}, "dashboard_model": {"name": "m"}, "dashboard_datasets": {},
    "dashboard_dataset": {"name": "weekly", "version": "w-1"}, "dashboard_runs": {}, "dashboard_run": {"id": "run-1"},
    "dashboard_arrivals": {},
}  # fmt: skip
PICTURES = {"dashboard_chart", "dashboard_forecast", "dashboard_lineage"}


def fill(memory: Memory, text: str, name: str = "m") -> None:
    """Everything that a page can show, all of it called so."""
    hold = {"scope": "model", "by": text, "reason": text, "since": NOW}
    memory.policies = [policy(name, labels={"origin": text, "format": "x"}), policy("other", labels={"origin": "y"})]
    memory.rows = [
        row(
            name, labels={"origin": text, "format": "x"}, reason=text, state="awaiting_approval", drift=text,
            ledger_findings=[text], parked={"at": NOW, "by": text, "reason": text}, barred={"1": text},
            holds=[hold, {**hold, "scope": f"label:origin={text}"}], dataset="w-1",
            evidence={"version": text, "artifact_sha256": "a", "report_sha256": "b", "author": text, "deadline": NOW},
            in_flight=[{"kind": "training", "instance": text, "attempt": 1, "version": text}],
            overrides=[{"gate": text, "by": text, "reason": text, "until": NOW, "version": text}],
            decisions=[{"at": NOW, "event": "health_observed", "decision": text, "reason": text}],
        )
    ]  # fmt: skip
    told = judged("1")
    facts = {**told.entry.facts, "dataset": text, "origin": {"git_commit": text, "artifact_sha256": text}}
    entry = told.entry.model_copy(update={"reason": text, "by": text, "facts": facts, "model": name})
    memory.ledger = {name: [told.model_copy(update={"entry": entry})]}
    memory.jobs = {"job-1": b"week,actual,prediction,naive\n2026-01-05,1,2,3\n2026-01-12,2,2,2\n"}
    published = Publication(model=name, path="p.csv", version=text, rows=1)
    memory.blobs = {
        f"predictions/{name}/current.json": published.model_dump_json().encode(),
        "p.csv": b"route,prediction\n<b>,3\n",
        "datasets/weekly/w-1/manifest.json": manifest(text),
        "quarantine/s/q.csv": b"file,row,line,offset,rule,reason,raw\na.csv,1,2,0,r,<i>,<u>\n",
    }
    keep_observed(ObservedPeriod(
        model=name, version=text, period=text, at=NOW, figures={text: 1.0, "mape": 0.3}, reference={"mape": 0.2},
    ))  # fmt: skip
    ref = DatasetRef(dataset="weekly", version="w-1", cell={"origin": text}, path="p", rows=9, rejected=1)
    memory.datasets = [IndexedDataset(fleet="demo", dataset=ref, at=NOW)]
    memory.deliveries = [
        Delivery(channel="storage", key="k", subject=text, received_at=NOW, outcome="dead", reason=text)
    ]
    memory.runs = [RunRow.model_validate({
        "run": "run-1", "fleet": "demo", "operation": "train", "requested_by": text, "request_id": "r",
        "fail_on": "never", "state": "failed", "reason": text, "counts": {"failed": 1}, "started_at": NOW,
        "updated_at": NOW, "ended_at": NOW,
    })]  # fmt: skip
    child = TraceNode(name=text, kind="activity", instance="i", started_at=NOW, outcome="failed", detail=text)
    memory.trace = TraceNode(
        name=text, kind="orchestration", instance="run-1", started_at=NOW, outcome="running", children=(child,),
        attributes={"signalbox.model": name, "signalbox.dataset": text},
    )  # fmt: skip


@pytest.mark.parametrize("door", PAGES)
async def test_every_page_is_right_where_there_is_nothing(memory: Memory, door: str) -> None:
    """An app that has just been deployed has pages, too; what does not exist is a page as well."""
    answer = await ask(memory, door, PAGES[door])
    parsed(answer)
    assert answer.status_code == (404 if PAGES[door] else 200)


@pytest.mark.parametrize("door", PAGES)
async def test_every_page_shows_hostile_names_as_text(memory: Memory, door: str) -> None:
    """They are read as they are written, and nothing of them becomes an element, or an attribute."""
    fill(memory, EVIL)
    answer = await ask(memory, door, PAGES[door], {"rows": EVIL} | ({"fleet": EVIL} if door == "dashboard" else {}))
    page = parsed(answer)
    assert answer.status_code == 200
    assert EVIL in page.text
    assert not [attributes for tag, attributes in page.tags if tag == "img" and attributes["src"] == "x"]


@given(name=NAMES, text=NAMES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_page_is_right_whatever_things_are_called(memory: Memory, name: str, text: str) -> None:
    """Balanced, with one first heading and nothing that runs, in every door."""
    fill(memory, text, name)
    for door, given_ in PAGES.items():
        parts = {key: name if value == "m" else value for key, value in given_.items()}
        answer = await ask(memory, door, parts)
        assert answer.status_code == 200, (door, answer.get_body()[-800:])
        parsed(answer)
    fromstring((await ask(memory, "dashboard_lineage", {"name": name})).get_body())


@pytest.mark.parametrize("door", sorted(PICTURES))
async def test_every_picture_is_a_picture(memory: Memory, door: str) -> None:
    """Well-formed, without scripts, and it may do nothing when it is opened by itself."""
    fill(memory, EVIL)
    answer = await ask(memory, door, {"name": "m"})
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    names = {element.tag.rpartition("}")[2] for element in fromstring(answer.get_body()).iter()}
    assert not names & {"script", "foreignObject", "a", "img"}
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_a_picture_of_what_is_not_known_is_a_page_that_says_so(memory: Memory) -> None:
    """With a way to the model's own page."""
    fill(memory, "x")
    answer = await ask(memory, "dashboard_chart", {"name": "m"}, {"metric": "../r2"})
    assert answer.status_code == 404
    assert ("a", {"href": "/api/dashboard/models/m", "class": "anywhere"}) in parsed(answer).tags


async def test_only_the_style_of_the_page_is_let_in(memory: Memory) -> None:
    """By its hash; and nobody frames the page, keeps it, or learns from where one came."""
    answer = await ask(memory, "dashboard")
    (style,) = re.findall("<style>(.*?)</style>", answer.get_body().decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    told = answer.headers["Content-Security-Policy"].split("; ")
    assert told == [
        "default-src 'none'", f"style-src 'sha256-{digest}'", "img-src 'self' data:", "form-action 'self'",
        "frame-ancestors 'none'", "base-uri 'none'",
    ]  # fmt: skip
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == ("no-referrer", "no-store")


@pytest.mark.parametrize("door", PAGES)
async def test_every_link_goes_on_with_the_key_and_none_shows_it(memory: Memory, door: str) -> None:
    """A browser brings the key in the query or not at all, and a screen is seen by others."""
    fill(memory, "x")
    key = "a key/+&=="
    page = parsed(await ask(memory, door, PAGES[door], {"code": key}))
    inner = [attributes["href"] for tag, attributes in page.tags if tag == "a" and attributes["href"][0] == "/"]
    inner += [attributes["src"] for tag, attributes in page.tags if tag == "img"]
    assert inner
    assert all("code=a+key%2F%2B%26%3D%3D" in address for address in inner)
    forms = sum(tag == "form" for tag, _ in page.tags)
    assert sum(attributes.get("value") == key for tag, attributes in page.tags if tag == "input") == forms
    assert key not in page.text


async def test_an_unknown_model_is_told_with_the_nearest(memory: Memory) -> None:
    """And a link home."""
    fill(memory, "x", "departures-jfk")
    answer = await ask(memory, "dashboard_model", {"name": "departures-jkf"})
    page = parsed(answer)
    assert answer.status_code == 404
    assert "departures-jkf" in page.text
    assert ("a", {"href": "/api/dashboard/models/departures-jfk", "class": "anywhere"}) in page.tags


@pytest.mark.parametrize("version", ["..", "w-1/../../x", "w-2"])
async def test_an_unknown_dataset_version_is_told_with_the_nearest(memory: Memory, version: str) -> None:
    """A path is no version."""
    fill(memory, "x")
    answer = await ask(memory, "dashboard_dataset", {"name": "weekly", "version": version})
    assert answer.status_code == 404
    parsed(answer)


async def test_a_fault_is_a_page_with_what_leads_to_its_reason(
    memory: Memory, caplog: pytest.LogCaptureFixture
) -> None:
    """The reason itself is in the log, under the same id: it may tell of keys and addresses."""
    memory.broken = TransientError("storage at https://secret.example does not answer")
    answer = await ask(memory, "dashboard")
    page = parsed(answer)
    found = re.search("[0-9a-f]{32}", page.text)
    assert (answer.status_code, "secret.example" in page.text) == (503, False)
    assert answer.headers["Retry-After"] == "10"
    assert found is not None
    assert found[0] in caplog.text
    assert "secret.example" in caplog.text


async def test_what_cannot_be_read_beside_a_model_is_said_on_its_page(memory: Memory) -> None:
    """An evaluation that has expired is no fault of the page."""
    fill(memory, "x")
    memory.jobs = {}
    assert "cannot be read any more" in parsed(await ask(memory, "dashboard_model", {"name": "m"})).text


def _principal(*groups: str) -> dict[str, str]:
    claims = [{"typ": "name", "val": "bob"}, *({"typ": "groups", "val": group} for group in groups)]
    return {"X-MS-CLIENT-PRINCIPAL": _encoded(*claims)}


def _encoded(*claims: dict[str, str]) -> str:
    return base64.b64encode(json.dumps({"claims": claims}).encode()).decode()


def fill_run(memory: Memory, **changes: Any) -> None:
    """A run of the fleet that has failed."""
    told = {
        "run": "run-1", "fleet": "demo", "operation": "train", "requested_by": "a", "request_id": "r",
        "fail_on": "never", "state": "failed", "reason": "why it failed", "counts": {"failed": 1}, "started_at": NOW,
        "updated_at": NOW, "ended_at": NOW,
    }  # fmt: skip
    memory.runs = [RunRow.model_validate(told | changes)]


async def test_a_backend_that_is_away_costs_a_run_its_trace_alone(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the run itself has written down is shown."""
    fill_run(memory)

    async def away(*_: Any) -> None:
        raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "away")

    monkeypatch.setattr(dashboard, "find_trace", away)
    answer = await ask(memory, "dashboard_run", {"id": "run-1"})
    text = parsed(answer).text
    assert answer.status_code == 200
    assert "why it failed" in text
    assert "cannot be read just now" in text


async def test_a_run_that_goes_on_is_shown_as_it_was_written_down_last_while_the_backend_is_away(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can say how its instance stands just now."""
    fill_run(memory, state="running", ended_at=None, reason="3 of 12 are done")

    async def away(*_: Any) -> None:
        raise grpc.aio.AioRpcError(grpc.StatusCode.UNAVAILABLE, grpc.aio.Metadata(), grpc.aio.Metadata(), "away")

    monkeypatch.setattr(dashboard, "find_trace", away)
    monkeypatch.setattr(Client, "get_orchestration_state", away)
    answer = await ask(memory, "dashboard_run", {"id": "run-1"})
    assert answer.status_code == 200
    assert "3 of 12 are done" in parsed(answer).text


@pytest.mark.parametrize("mape", [float("nan"), float("inf"), None, "12 %", True])
async def test_a_version_without_figures_is_told_from_no_version(memory: Memory, mape: object) -> None:
    """Somebody has judged it, and its gates say what they found."""
    memory.policies, memory.rows = [policy()], [row("m", mape=None)]
    told = judged("1", passed=False)
    facts = {**told.entry.facts, "evaluation": {"model": {"mape": mape}, "baseline": {"rmse": mape}}}
    entry = told.entry.model_copy(update={"facts": facts})
    memory.ledger = {"m": [told.model_copy(update={"entry": entry})]}
    text = " ".join(parsed(await ask(memory, "dashboard_model", {"name": "m"})).text.split())
    assert "have no figure that can be drawn" in text
    assert "fails fine" in text


async def test_a_slow_platform_costs_a_model_its_forecasts_alone(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says that they cannot be read just now."""
    fill(memory, "x")
    late = TransientError("read_job_file did not answer within 10 s")
    read = dashboard._read

    async def slow(function: Any, *args: Any) -> Any:
        if function is reading.compared:
            raise late
        return await read(function, *args)

    monkeypatch.setattr(dashboard, "_read", slow)
    answer = await ask(memory, "dashboard_model", {"name": "m"})
    assert answer.status_code == 200
    assert "cannot be read just now" in parsed(answer).text


async def test_a_failing_page_is_a_failed_span(memory: Memory, tmp_path: Path) -> None:
    """Its page tells the id of the trace that has the reason."""
    memory.broken = TransientError("storage is away")
    spans = tmp_path / "spans.jsonl"
    telemetry.configure(f"file:{spans}")
    try:
        text = parsed(await ask(memory, "dashboard")).text
    finally:
        telemetry.configure("off")
    line = json.loads(spans.read_text().splitlines()[-1])
    assert (line["status"], line["error"]["message"]) == ("ERROR", "storage is away")
    assert line["trace"] in text


async def test_what_could_not_be_used_waits_however_much_came_in_since(memory: Memory) -> None:
    """The first page counts it, and a list has all of it."""
    told: dict[str, Any] = {"channel": "storage", "received_at": NOW, "reason": "r"}
    every = [Delivery(key=f"k{n}", subject=f"raw/{n}.csv", outcome="accepted", **told) for n in range(300)]
    memory.deliveries, memory.policies = every, [policy()]
    assert "whatever came in could be used" in parsed(await ask(memory, "dashboard")).text
    every += [Delivery(key=f"d{n}", subject=f"raw/dead{n}.csv", outcome="dead", **told) for n in range(7)]
    page = parsed(await ask(memory, "dashboard"))
    assert "Could not be used, or not be told 7" in " ".join(page.text.split())
    assert "/api/dashboard/arrivals?outcome=unusable" in [one.get("href") for _, one in page.tags]
    text = parsed(await ask(memory, "dashboard_arrivals", query={"outcome": "unusable"})).text
    assert "raw/dead6.csv" in text
    assert "raw/1.csv" not in text
    assert "raw/1.csv" in parsed(await ask(memory, "dashboard_arrivals", query={"outcome": "?"})).text


async def test_more_of_a_kind_stays_in_the_fleet(memory: Memory) -> None:
    """The list that the first page of a fleet leads to is that fleet's."""
    memory.policies = [policy(f"a{n}", fleet="one") for n in range(7)] + [policy("b", fleet="two")]
    memory.rows = [row(f"a{n}", fleet="one", state="rejected") for n in range(7)]
    page = parsed(await ask(memory, "dashboard", query={"fleet": "one"}))
    assert "/api/dashboard/models?fleet=one&needs=rejected" in [one.get("href") for _, one in page.tags]


def test_a_deadline_at_the_end_of_the_calendar_is_shown() -> None:
    """Elsewhere it may be the next year, which there is not."""
    west = timezone(timedelta(hours=-5))
    assert wording.minute(datetime(9999, 12, 31, 23, 0, tzinfo=west)) == "9999-12-31 23:00"
    assert wording.day(datetime(9999, 12, 31, 23, 0, tzinfo=west)) == "9999-12-31"


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    """All times are in UTC, which has no summer: the night's end in Berlin, and midnight."""
    berlin = ZoneInfo("Europe/Berlin")
    first, again = (datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))
    assert [wording.minute(one) for one in (first, again)] == ["2026-10-25 00:30", "2026-10-25 01:30"]
    assert wording.ago(first, again.astimezone(UTC)) == "1 h ago"
    assert wording.day(datetime(2026, 3, 1, 0, 30, tzinfo=berlin)) == "2026-02-28"


@pytest.fixture
def _by_person(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    monkeypatch.setattr("functions.triggers.callers.settings", lambda: SimpleNamespace(authentication="entra"))


@pytest.mark.usefixtures("_by_person")
@pytest.mark.parametrize("door", PAGES)
async def test_whoever_may_see_some_models_sees_only_those(memory: Memory, door: str) -> None:
    """Neither the others, nor what belongs to no model, nor a trace that may tell of them."""
    fill(memory, "HIDDEN", "hidden")
    memory.policies[1] = policy("mine", labels={"origin": "y"}, fleet="own", operators=["mine-ops"])
    memory.rows.append(row("mine"))
    parts = {key: "mine" if value == "m" else value for key, value in PAGES[door].items()}
    page = parsed(await ask(memory, door, parts, headers=_principal("mine-ops")))
    assert not re.search("hidden", page.text, re.IGNORECASE)
    assert "mine" in page.text or door in {
        "dashboard_datasets", "dashboard_dataset", "dashboard_runs", "dashboard_run", "dashboard_arrivals", "dashboard",
    }  # fmt: skip


@pytest.mark.usefixtures("_by_person")
async def test_a_trace_or_a_run_that_names_another_model_does_not_show_it(memory: Memory) -> None:
    """Whichever of its steps does, and also in the sentence of a run of a fleet."""
    memory.policies = [policy("mine", operators=["ops"]), policy("secret", operators=["x"])]
    fill_run(memory, reason="1 of 2 failed: secret")
    told: dict[str, Any] = {"kind": "entity", "instance": "i", "started_at": NOW, "outcome": "ok"}
    child = TraceNode(name="told", attributes={"signalbox.model": "secret"}, **told)
    mine = {"signalbox.model": "mine"}
    memory.trace = TraceNode(name="t", children=(child,), attributes=mine, **told)
    for door, route in (("dashboard", {}), ("dashboard_runs", {}), ("dashboard_run", {"id": "run-1"})):
        page = parsed(await ask(memory, door, route, headers=_principal("ops")))
        assert "secret" not in page.text, door
    memory.trace = TraceNode(name="t", attributes=mine, **told)
    assert "may tell of models" not in parsed(await ask(memory, door, route, headers=_principal("ops"))).text


@pytest.mark.usefixtures("_by_person")
async def test_versions_that_one_may_see_are_found_behind_others(memory: Memory) -> None:
    """A list goes on until it is full of what the caller may see, and says where to go on."""
    memory.policies = [
        policy(f"m{n:02}", labels={"origin": f"O{n:02}"}, operators=["ops"] if n >= 60 else ["x"]) for n in range(62)
    ]
    memory.datasets = [
        IndexedDataset(
            fleet="demo", at=NOW,
            dataset=DatasetRef(
                dataset="weekly", version=f"w-{n}", cell={"origin": f"O{n:02}"}, path="p", rows=1, rejected=0
            ),
        )
        for n in range(62)
    ]  # fmt: skip
    page = parsed(await ask(memory, "dashboard_datasets", headers=_principal("ops")))
    assert "w-60" in page.text
    assert "w-59" not in page.text
    whole = {
        "X-MS-CLIENT-PRINCIPAL": _encoded({"typ": "name", "val": "ana"}, {"typ": "roles", "val": "Signalbox.Reader"})
    }
    first = parsed(await ask(memory, "dashboard_datasets", headers=whole))
    href = "/api/dashboard/datasets?fleet=demo&dataset=weekly&after=50"
    assert href in [attributes.get("href") for _, attributes in first.tags]
    query = {"fleet": "demo", "dataset": "weekly", "after": "50"}
    rest = parsed(await ask(memory, "dashboard_datasets", query=query, headers=whole))
    assert "w-61" in rest.text
    assert "w-49" not in rest.text


@pytest.mark.usefixtures("_by_person")
async def test_a_model_that_one_may_not_see_is_as_unknown(memory: Memory) -> None:
    """Also its pictures."""
    fill(memory, "HIDDEN", "hidden")
    memory.policies[1] = policy("mine", operators=["others"])
    for door in ("dashboard_model", *PICTURES):
        assert (await ask(memory, door, {"name": "hidden"}, headers=_principal("others"))).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "parked"}, ["b"]),
        ({"state": "busy"}, ["c"]),
        ({"name": "A"}, ["a"]),
        ({"label.origin": "JFK"}, ["a", "b", "c"]),
        ({"label.state": "x"}, []),
        ({"needs": "parked"}, ["b"]),
        ({"needs": "nonsense"}, []),
        ({"fleet": "demo", "unknown": "x"}, ["a", "b", "c"]),
        ({"after": "2"}, ["c"]),
        ({"after": "-1"}, ["a", "b", "c"]),
        ({"after": "9" * 40}, ["a", "b", "c"]),
        ({"after": "²"}, ["a", "b", "c"]),
    ],
)
async def test_models_are_narrowed_by_the_query(memory: Memory, query: dict[str, str], found: list[str]) -> None:
    """What is not understood narrows nothing, or leaves nothing; it is never a fault."""
    parked: dict[str, Any] = {"state": "parked", "parked": {"at": NOW, "by": "ana", "reason": "r"}}
    memory.rows = [row("a"), row("b", **parked), row("c", state="training")]
    memory.policies = [policy(name) for name in "abc"]
    page = parsed(await ask(memory, "dashboard_models", query=query))
    listed = [attributes["href"][-1] for tag, attributes in page.tags if "/models/" in attributes.get("href", "")]
    assert listed == found


async def test_a_thousand_models_come_by_the_hundred(memory: Memory) -> None:
    """With the way to the others."""
    memory.rows = [row(f"m{number:04}") for number in range(250)]
    page = parsed(await ask(memory, "dashboard_models", query={"after": "100"}))
    assert "Models 101 to 200 of 250" in page.text
    hrefs = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
    assert {"/api/dashboard/models", "/api/dashboard/models?after=200"} <= set(hrefs)


async def test_what_narrows_a_list_stays_when_a_state_is_chosen(memory: Memory) -> None:
    """The form asks for labels as the links do, and a click goes on from there."""
    memory.rows = [row("a")]
    page = parsed(await ask(memory, "dashboard_models", query={"label.origin": "JFK", "state": "held", "code": "k"}))
    hidden = {one["name"]: one["value"] for tag, one in page.tags if tag == "input" and one.get("type") == "hidden"}
    assert hidden == {"code": "k", "label.origin": "JFK"}


async def test_an_arrival_leads_to_what_it_started(memory: Memory) -> None:
    """The page of the run has its trace."""
    arrived: dict[str, Any] = {"channel": "storage", "key": "k", "subject": "a.csv", "outcome": "accepted"}
    memory.deliveries = [Delivery.model_validate({**arrived, "received_at": NOW, "reason": "r", "started": ["run/1"]})]
    page = parsed(await ask(memory, "dashboard_arrivals"))
    assert ("a", {"href": "/api/dashboard/runs/run%2F1"}) in page.tags


def test_every_door_answers_people() -> None:
    """What fails behind one of them is a page; and no other door's failures are."""
    assert {*PAGES, *PICTURES} == {route.name for routes in ROUTES.values() for route in routes if route.page}


def test_periods_are_kept_as_they_were_told(memory: Memory) -> None:
    """The last word on a period counts, the newest ones are read, and what is of another form is left out."""
    for period, mape in (("2026-W02", 0.2), ("2026-W01", 0.3), ("2026-W02", 0.4), ("2025-W52", 0.5)):
        keep_observed(ObservedPeriod(model="m", version="1", period=period, at=NOW, figures={"mape": mape}))
    keep_observed(ObservedPeriod(model="m2", version="1", period="2026-W09", at=NOW, figures={}))
    found = [(one.period, one.figures["mape"]) for one in observed_periods("m", 2)]
    assert found == [("2026-W01", 0.3), ("2026-W02", 0.4)]
    memory.blobs["observations/m/2026-W03.json"] = b'{"form": "newer"}'
    assert [one.period for one in observed_periods("m", 2)] == ["2026-W02"]


@pytest.mark.parametrize(
    ("metric", "value", "reference", "word"),
    [
        ("mape", 0.1, 0.2, "better"),
        ("r2", 0.1, 0.2, "worse"),
        ("bias", -0.1, 0.2, "better"),
        ("mape", 0.2, 0.2, "as good"),
    ],
)
async def test_figures_of_a_period_are_held_against_the_reference(
    memory: Memory, metric: str, value: float, reference: float, word: str
) -> None:
    """Each metric in the way in which it is better."""
    memory.policies = [policy()]
    told = ObservedPeriod(
        model="m", version="1", period="2026-W01", at=NOW, figures={metric: value}, reference={metric: reference}
    )
    keep_observed(told)
    text = " ".join(parsed(await ask(memory, "dashboard_model", {"name": "m"})).text.split())
    assert re.search(f"2026-W01.*[0-9.]+.*{word} ", text)
