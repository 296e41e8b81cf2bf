"""Who may see some models only is answered everywhere as if there were no others."""

import json
import re
from pathlib import Path
from typing import Any, Final

import azure.functions as func
import pytest

from functions import sight
from shared.errors import TransientError
from tests.functions.dashboard.builders import parsed
from tests.functions.reading_world import HIDDEN, MINE, WEBHOOK, WHOLE, World, ask, build, principal, reading_routes

#: What each route is asked for that is theirs, and the same of somebody else, with a word in place of which there is
#: nothing. A route without anything of its own in its path is in `LISTS`.
THINGS: Final[dict[str, list[tuple[dict[str, str], dict[str, str], str]]]] = {
    "dashboard_model": [({"name": "m-jfk"}, {"name": "m-hush"}, "hush")],
    "dashboard_chart": [({"name": "m-jfk"}, {"name": "m-hush"}, "hush")],
    "dashboard_forecast": [({"name": "m-jfk"}, {"name": "m-hush"}, "hush")],
    "dashboard_lineage": [({"name": "m-jfk"}, {"name": "m-hush"}, "hush")],
    "dashboard_dataset": [
        ({"name": "monthly", "version": "monthly-jfk-2013-07"}, {"name": "monthly", "version": "monthly-hush-2013-07"},
         "hush"),
    ],
    "dashboard_run": [
        ({"id": "run-both"}, {"id": "run-xyz"}, "xyz"), ({"id": "run-data"}, {"id": "run-zww"}, "zww"),
    ],
    "get_dataset": [
        ({"name": "monthly", "version": "monthly-jfk-2013-07"}, {"name": "monthly", "version": one}, word)
        for one, word in (("monthly-hush-2013-07", "hush"),)
    ],
    "read_quarantine": [
        ({"path": "flights/jfk.csv"}, {"path": "flights/1f.csv"}, "1f"),
        ({"path": "flights/2e.csv"}, {"path": "quarantine/flights/1f.csv"}, "1f"),
        ({"path": "flights/2e.csv"}, {"path": "vaulted/3d.csv"}, "3d"),
    ],
    "get_run": [({"id": "run-both"}, {"id": one}, word) for one, word in (("run-xyz", "xyz"), ("run-zww", "zww"))],
    "get_status": [
        ({"id": mine}, {"id": other}, word)
        for mine, other, word in (
            ("train-m-jfk", "train-m-hush", "hush"), ("order-jfk", "order-hush", "hush"),
            ("wake-jfk", "wake-hush", "hush"), ("condition-jfk", "condition-hush", "hush"),
            ("run-both", "run-xyz", "xyz"), ("run-data", "run-zww", "zww"), ("run-both", "job-wait", "wait"),
            ("run-both", "odd", "odd"),
        )
    ],
    "get_model": [({"name": "m-jfk"}, {"name": one}, one) for one in ("m-hush", "vault-one", "gone-hush")],
    "why_model": [({"name": "m-jfk"}, {"name": "m-hush"}, "hush")],
    "get_ledger": [({"name": "m-jfk"}, {"name": "m-hush"}, "hush")],
    "verify_ledger": [({"name": "m-jfk"}, {"name": "m-hush"}, "hush")],
    "get_trace": [({"id": "train-m-jfk"}, {"id": one}, one) for one in ("train-m-hush", "condition-hush", "run-zww")],
}  # fmt: skip
LISTS: Final = frozenset({
    "list_conditioning", "dashboard", "dashboard_models", "dashboard_datasets", "dashboard_runs", "dashboard_arrivals",
    "list_datasets", "list_quarantine", "list_runs", "list_fleets", "verify_ledgers", "list_anchors", "list_models",
    "get_openapi", "list_retired", "explain_event",
})  # fmt: skip
#: About all models at once: for readers of the whole app.
OF_THE_APP: Final = {
    "list_deliveries": {}, "list_retention": {}, "get_retention": {"id": "retention-1"}, "get_health": {},
}  # fmt: skip


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two fleets, of which a group may see one model."""
    return build(tmp_path, monkeypatch)


def text_of(answer: func.HttpResponse, *asked: str) -> str:
    """All that an answer says, without what was asked for, its time and its ids."""
    text = re.sub("<style.*?</style>|<time.*?</time>", "", answer.get_body().decode(), flags=re.DOTALL)
    text = re.sub("[0-9a-f]{32}", "ID", text)
    for word in asked:
        text = text.replace(word, "ASKED")
    return text.lower()


def never(word: str) -> str:
    """A word in its place that is nothing's."""
    return ("Q" if word.isupper() else "q") * len(word)


def names_none(text: str) -> bool:
    """Whether it tells of nothing that is not theirs."""
    return not any(word in text for word in HIDDEN)


def test_every_route_that_reads_is_looked_at_here() -> None:
    """A new one is to be put into one of the tables, and asked for something there."""
    assert {route.name for route in reading_routes()} == THINGS.keys() | LISTS | OF_THE_APP.keys()
    assert all(THINGS.values())


@pytest.mark.parametrize(
    ("caller", "status"),
    [
        ({}, 401),
        ({"X-MS-CLIENT-PRINCIPAL": "e30="}, 401),
        ({"X-MS-CLIENT-PRINCIPAL-NAME": "ana", "X-MS-CLIENT-PRINCIPAL-ID": "1"}, 401),
        (principal(), 403),
        (principal(roles=("signalbox.reader", "Signalbox.Readers", "Reader")), 403),
        (principal(groups=("Signalbox.Reader", "JFK-OPS", "entra:jfk-ops", "")), 403),
        (principal(name="jfk-ops"), 403),
    ],
)
async def test_who_may_see_nothing_is_refused_everywhere(world: World, caller: dict[str, str], status: int) -> None:
    """Without a token, without a role, with one that is only like it, and with a group that is called as a role."""
    for route in reading_routes():
        things = THINGS.get(route.name) or [(OF_THE_APP.get(route.name, {}), {}, "")]
        answer = await ask(world, route.name, caller, things[0][0])
        assert answer.status_code == status, route.name
        assert names_none(text_of(answer)), route.name


@pytest.mark.parametrize("name", THINGS)
async def test_what_is_not_theirs_is_as_what_there_is_not(world: World, name: str) -> None:
    """Word for word; who may see everything is shown it, and what is theirs is told without the others."""
    for mine, other, word in THINGS[name]:
        seen = await ask(world, name, MINE, mine)
        assert seen.status_code in (200, 202), (mine, text_of(seen))
        assert names_none(text_of(seen)), (mine, text_of(seen))
        hidden = await ask(world, name, MINE, other)
        nothing = await ask(world, name, MINE, {key: one.replace(word, never(word)) for key, one in other.items()})
        assert hidden.status_code == nothing.status_code == 404, (other, text_of(hidden))
        assert text_of(hidden, word) == text_of(nothing, never(word)), other
        whole = await ask(world, name, WHOLE, other)
        assert whole.status_code in (200, 202), other


@pytest.mark.parametrize("name", sorted(LISTS - {"explain_event"}))
async def test_lists_have_what_is_theirs_alone(world: World, name: str) -> None:
    """Who may see everything finds the others there."""
    mine, whole = await ask(world, name, MINE), await ask(world, name, WHOLE)
    assert (mine.status_code, whole.status_code) == (200, 200), text_of(mine)
    assert names_none(text_of(mine)), text_of(mine)
    assert name == "get_openapi" or not names_none(text_of(whole))


@pytest.mark.parametrize("name", OF_THE_APP)
async def test_what_is_of_the_app_is_for_its_readers(world: World, name: str) -> None:
    """Nothing of it belongs to a model."""
    answer = await ask(world, name, MINE, OF_THE_APP[name])
    assert (answer.status_code, names_none(text_of(answer))) == (403, True)


async def _json(
    world: World, door: str, caller: dict[str, str], parts: dict[str, str] | None = None, **asked: Any
) -> Any:
    return json.loads((await ask(world, door, caller, parts, **asked)).get_body())


async def test_a_run_is_told_with_their_cells_alone(world: World) -> None:
    """Also its figures, its sentence and what was selected; a run that asked none of theirs is not there."""
    told = await _json(world, "get_run", MINE, {"id": "run-both"})
    assert [cell["name"] for cell in told["cells"]] == ["m-jfk"]
    assert (told["counts"], told["reason"], told["select"]) == (
        {"passed": 1},
        "1 cell: 1 passed.",
        {"model": ["m-jfk"]},
    )
    status = await _json(world, "get_status", MINE, {"id": "run-both"})
    assert status["output"] == {"run": "run-both", "state": "done", "reason": "1 cell: 1 passed.",
                                "counts": {"passed": 1}, "digest": None}  # fmt: skip
    listed = await _json(world, "list_runs", MINE)
    assert {run["run"]: run["counts"] for run in listed["runs"]} == {
        "run-both": {"passed": 1},
        "run-data": {"passed": 1},
    }
    assert len((await _json(world, "list_runs", MINE, query={"limit": "1"}))["runs"]) == 1
    assert len((await _json(world, "list_runs", WHOLE))["runs"]) == 5
    for fleet in ("vault", "vaul"):
        answer = await ask(world, "list_runs", MINE, query={"fleet": fleet})
        assert json.loads(answer.get_body())["detail"] == f"There is no fleet {fleet}; known here: flights"


@pytest.mark.parametrize(
    ("run", "cell", "hidden"),
    [("run-both", "m-jfk", "m-hush"), ("run-data", "monthly origin=JFK month=2013-07", "monthly origin=HUSH")],
)
async def test_the_page_of_a_run_tells_what_the_api_tells(world: World, run: str, cell: str, hidden: str) -> None:
    """Their cells, of models and of datasets, with figures and the sentence; whoever sees everything sees all cells."""
    api = await _json(world, "get_run", MINE, {"id": run})
    page = parsed(await ask(world, "dashboard_run", MINE, {"id": run}))
    told = " ".join(page.text.split())
    assert api["reason"] == "1 cell: 1 passed."
    for one in (cell, f"of {cell}", api["reason"], "1 passed", "What became of each cell"):
        assert one in told
    assert hidden not in told
    whole = " ".join(parsed(await ask(world, "dashboard_run", WHOLE, {"id": run})).text.split())
    assert cell in whole
    assert hidden in whole


async def test_lists_of_runs_tell_people_what_came_of_theirs(world: World) -> None:
    """On the page of runs and on the first one, by the sentence about the cells that are theirs."""
    for door in ("dashboard_runs", "dashboard"):
        told = " ".join(parsed(await ask(world, door, MINE)).text.split())
        assert told.count("1 cell: 1 passed.") == 2, door


async def test_arrivals_are_not_read_for_whom_they_are_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So whoever sees some models is not told either that arrivals cannot be read just now."""

    def away(*_: object) -> None:
        msg = "storage is away"
        raise TransientError(msg)

    monkeypatch.setattr(world.inbox, "recent", away)
    monkeypatch.setattr(world.inbox, "unusable", away, raising=False)
    mine, whole = [parsed(await ask(world, "dashboard", caller)).text for caller in (MINE, WHOLE)]
    assert "cannot be read just now" not in mine
    assert "Missing here: what came in and could not be used; what came in lately" in whole


async def test_holds_of_fleets_are_shown_with_how_many_models_they_are_on_for(world: World) -> None:
    """One that is over is not, and of one with several values theirs is told alone."""
    (mine,) = (await _json(world, "list_fleets", MINE))["fleets"]
    holds = {hold["scope"]: (hold["by"], hold["reason"], hold["until"], hold["models"]) for hold in mine["holds"]}
    assert holds == {
        "fleet:flights": ("ana", "a freeze", None, 1),
        "label:origin=JFK": ("ana", "a flood", "2999-01-01T00:00:00+00:00", 1),
    }
    flights, vault = (await _json(world, "list_fleets", WHOLE))["fleets"]
    assert [hold["scope"] for hold in flights["holds"]] == [
        "fleet:flights",
        "label:origin=HUSH|JFK",
        "label:model=m-hush",
    ]
    assert [(hold["scope"], hold["models"]) for hold in vault["holds"]] == [("fleet:vault", 1)]
    assert (mine["models"], [one["model"] for one in mine["running"]]) == ({"held": 1}, ["m-jfk"])


async def test_a_hold_of_several_models_is_told_of_theirs(world: World) -> None:
    """Its scope, the sentence about it and the command that lifts it name the others otherwise."""
    told = await _json(world, "get_model", MINE, {"name": "m-jfk"})
    assert told["holds"][0]["scope"] == "label:model=m-jfk"
    assert "--select model=m-jfk`" in told["reason"]


async def test_rejected_rows_of_several_files_are_told_as_far_as_they_are_theirs(world: World) -> None:
    """A blob may hold rows of both."""
    page = await _json(world, "read_quarantine", MINE, {"path": "flights/2e.csv"})
    assert [row["file"] for row in page["rows"]] == ["raw/flights/JFK/2013-07.csv"]
    listed = await _json(world, "list_quarantine", MINE)
    assert {one["path"]: one["rows"] for one in listed["quarantine"]} == {
        "quarantine/flights/jfk.csv": 1, "quarantine/flights/2e.csv": 1,
    }  # fmt: skip


async def test_what_is_being_conditioned_is_told_as_far_as_it_is_theirs(world: World) -> None:
    """Cells and large files."""
    told = await _json(world, "list_conditioning", MINE)
    assert [cell["instance"] for cell in told["cells"]] == ["condition-jfk"]
    assert [(file["instance"], file["of"]) for file in told["files"]] == [("file-jfk", "condition-jfk")]


def _landed(path: str) -> dict[str, Any]:
    subject = f"/blobServices/default/containers/landing/blobs/{path}"
    return {
        "eventType": "Microsoft.Storage.BlobCreated",
        "subject": subject,
        "data": {"eTag": "0x1", "contentLength": 5},
    }


_JOB: Final = {"eventType": "Microsoft.MachineLearningServices.RunCompleted", "subject": "", "eventTime": "2013-08-01"}
#: Events of theirs with a word that is told of each; and such of others with one that stands for nothing.
EVENTS: Final[list[tuple[Any, Any, str]]] = [
    (_landed("raw/flights/JFK/2013-07.csv"), _landed("raw/flights/HUSH/2013-07.csv"), "HUSH"),
    (_landed("raw/flights/JFK/2013-07.csv"), _landed("raw/vault/2013-07.csv"), "vault"),
    ({"entity": "model_version", "action": "created", "data": {"name": "m-jfk", "version": "7"}},
     WEBHOOK, "hush"),
    ({"event": "MODEL_VERSION_CREATED", "model_name": "m-jfk", "version": "3"},
     {"event": "MODEL_VERSION_CREATED", "model_name": "m-hush", "version": "3"}, "hush"),
    ({"operation": "train", "model": "m-jfk", "request_id": "r"},
     {"operation": "train", "model": "m-hush", "request_id": "r"}, "hush"),
    ({"operation": "train", "fleet": "flights", "request_id": "r"},
     {"operation": "train", "fleet": "vault", "request_id": "r"}, "vault"),
    ({"operation": "train", "fleet": "flights", "select": {"origin": "JFK"}, "request_id": "r"},
     {"operation": "train", "fleet": "flights", "select": {"origin": "HUSH"}, "request_id": "r"}, "HUSH"),
    ({"operation": "condition", "fleet": "flights", "request_id": "r"},
     {"operation": "condition", "fleet": "flights", "select": {"origin": "HUSH"}, "request_id": "r"}, "HUSH"),
    ({"operation": "condition", "fleet": "flights", "prefix": "raw/flights/JFK/", "request_id": "r"},
     {"operation": "condition", "fleet": "flights", "prefix": "raw/vault/", "request_id": "r"}, "vault"),
    ({"fleet": "flights", "dataset": "monthly", "cell": {"origin": "JFK", "month": "2013-07"}},
     {"fleet": "flights", "dataset": "monthly", "cell": {"origin": "HUSH", "month": "2013-07"}}, "HUSH"),
    ({"model": "m-jfk", "version": "3", "period": "2026-W47", "figures": {"mape": 0.3}},
     {"model": "m-hush", "version": "3", "period": "2026-W47", "figures": {"mape": 0.3}}, "hush"),
    ({"kind": "version_registered", "model": "m-jfk", "version": "3", "seen_by": "webhook"},
     {"kind": "version_registered", "model": "m-hush", "version": "3", "seen_by": "webhook"}, "hush"),
    ({**_JOB, "data": {"runId": "train-m-jfk"}}, {**_JOB, "data": {"runId": "train-m-hush"}}, "hush"),
]  # fmt: skip


@pytest.mark.parametrize(("mine", "other", "word"), EVENTS)
async def test_an_event_is_explained_as_if_others_were_not_there(
    world: World, mine: Any, other: Any, word: str
) -> None:
    """What it would start of theirs is told; of others the same as of a name that nobody has."""
    told = await ask(world, "explain_event", MINE, body=mine)
    assert (told.status_code, names_none(text_of(told))) == (200, True), text_of(told)
    hidden = await ask(world, "explain_event", MINE, body=other)
    changed = json.loads(json.dumps(other).replace(word, never(word)))
    nothing = await ask(world, "explain_event", MINE, body=changed)
    assert text_of(hidden, word) == text_of(nothing, never(word))


async def test_a_file_that_all_share_is_explained_with_their_cells(world: World) -> None:
    """The holidays of a year concern every origin."""
    told = await _json(world, "explain_event", MINE, body=_landed("raw/holidays/2013.csv"))
    (event,) = told["events"]
    assert [cell["name"] for cell in event["cells"]] == ["monthly origin=JFK month=2013-07"]
    whole = await _json(world, "explain_event", WHOLE, body=_landed("raw/holidays/2013.csv"))
    assert len(whole["events"][0]["cells"]) == 2


@pytest.mark.parametrize(
    "name",
    ["M-HUSH", "m-hush ", " m-hush", "m-hush/", "m%2Dhush", "m-hush%00", "m-hush\x00", "../m-hush", "m-jfk/../m-hush",
     "m\u2010hush", "m-ʜush", "M-JFK"],
)  # fmt: skip
async def test_no_spelling_of_a_name_opens_another_door(world: World, name: str) -> None:
    """Names are compared as they are, whatever was decoded before."""
    for door in ("get_model", "why_model", "get_ledger", "verify_ledger", "dashboard_model", "dashboard_chart"):
        answer = await ask(world, door, MINE, {"name": name})
        assert answer.status_code == 404, door
        assert names_none(text_of(answer, name, name.strip(), json.dumps(name)[1:-1])), door


@pytest.mark.parametrize(
    ("door", "query"),
    [
        ("list_datasets", {"fleet": "vault"}),
        ("list_datasets", {"dataset": "vaults"}),
        ("list_datasets", {"all": "true"}),
        ("list_quarantine", {"source": "vaulted"}),
        ("list_quarantine", {"source": "flights"}),
        ("list_quarantine", {"file": "raw/flights/HUSH/2013-07.csv"}),
        ("list_quarantine", {"file": "raw/vault/2013-07.csv"}),
        ("list_conditioning", {"fleet": "vault"}),
        ("list_runs", {"fleet": "vault"}),
        ("list_anchors", {"model": "m-hush"}),
        ("verify_ledgers", {"after": "m-"}),
        ("list_models", {"brief": "true"}),
        ("dashboard_models", {"fleet": "vault"}),
        ("dashboard_models", {"label.origin": "HUSH"}),
        ("dashboard_datasets", {"fleet": "vault", "dataset": "vaults"}),
        ("dashboard", {"fleet": "vault"}),
    ],
)
async def test_no_query_leads_to_what_is_not_theirs(world: World, door: str, query: dict[str, str]) -> None:
    """Neither found nor named as what was probably meant."""
    answer = await ask(world, door, MINE, query=query)
    assert answer.status_code in (200, 404)
    assert names_none(text_of(answer, *query.values(), *map(str.lower, query.values()))), text_of(answer)


@pytest.mark.parametrize(("name", "order"), [("m-hush", "hold"), ("vault-one", "park"), ("m-hus", "release")])
async def test_an_order_to_a_model_that_is_not_theirs_finds_none(world: World, name: str, order: str) -> None:
    """And the near name that it is answered with is one of theirs."""
    answer = await ask(world, "order_model", MINE, {"name": name, "order": order}, body={"reason": "r"})
    assert (answer.status_code, names_none(text_of(answer, name))) == (404, True)
    answer = await ask(world, "datafactory", MINE, {"operation": "train"}, body={"model": name, "request_id": "r"})
    assert (answer.status_code, names_none(text_of(answer, name))) == (404, True)


@pytest.mark.parametrize(
    ("select", "status"),
    [({}, 403), ({"origin": ["HUSH"]}, 404), ({"origin": ["JFK", "HUSH"]}, 404), ({"model": "m-hush"}, 404)],
)
async def test_an_order_to_many_is_never_wider_than_what_they_see(
    world: World, select: dict[str, Any], status: int
) -> None:
    """A whole fleet has others in it, so it is refused, and none of them is named."""
    body = {"fleet": "flights", "select": select, "reason": "r"}
    for order in ("hold", "resume"):
        answer = await ask(world, "order_models", MINE, {"order": order}, body=body)
        assert (answer.status_code, names_none(text_of(answer, "HUSH", "m-hush"))) == (status, True), text_of(answer)


async def test_what_is_theirs_can_be_ordered(world: World) -> None:
    """It is found, and what is wrong with the body is told; a run of a fleet needs the role in the whole app."""
    answer = await ask(world, "order_model", MINE, {"name": "m-jfk", "order": "hold"}, body={})
    assert (answer.status_code, "`reason`" in json.loads(answer.get_body())["detail"]) == (400, True)
    for fleet in ("flights", "vault", "nobody"):
        body = {"fleet": fleet, "request_id": "r"}
        answer = await ask(world, "datafactory", MINE, {"operation": "train"}, body=body)
        assert (answer.status_code, names_none(text_of(answer, fleet))) == (403, True)


async def test_who_may_see_nothing_finds_no_door_to_orders(world: World) -> None:
    """Neither whether there is such a model, nor which there are."""
    for name in ("m-jfk", "m-hush", "nobody"):
        answer = await ask(world, "order_model", principal(), {"name": name, "order": "hold"}, body={"reason": "r"})
        assert (answer.status_code, "m-" in text_of(answer)) == (403, False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("held (label:origin=HUSH|JFK)", "held (label:origin=JFK)"),
        ("held (label:model=m-hush,origin=HUSH|JFK)", "held (label:model=…,origin=JFK)"),
        ("--select model=m-hush,m-jfk --select origin=JFK`", "--select model=m-jfk --select origin=JFK`"),
        ("the hold of label:origin=HUSH. What waits begins.", "the hold of label:origin=… What waits begins."),
        ("the hold of label:origin=JFK. What waits begins.", "the hold of label:origin=JFK. What waits begins."),
        ('{"scope": "label:origin=JFK|HUSH"}', '{"scope": "label:origin=JFK"}'),
        ("monthly origin=JFK month=2013-07", "monthly origin=JFK month=2013-07"),
        ("?origin=HUSH&origin=JFK", "?origin=HUSH&origin=JFK"),
        ("<a class=x name='origin'>", "<a class=x name='origin'>"),
    ],
)
def test_sentences_name_those_values_alone_that_theirs_have(world: World, text: str, told: str) -> None:
    """Where a hold or a command names several; addresses are what somebody has asked for."""
    with sight.only(["m-jfk"]):
        assert sight.without_others(text) == told
        with sight.everything():
            assert sight.without_others(text) == text
        assert not sight.is_whole()
    assert sight.is_whole()
