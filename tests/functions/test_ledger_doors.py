"""What the doors tell of ledgers, what an anchor keeps of them, and what both find once somebody was at the table."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest
from durabletask.entities import EntityInstanceId

from functions import adapters
from functions.activities.ledger import read_advanced_heads, write_anchor
from functions.triggers import ledger as doors
from shared.contracts.ledger import AdvancedHeads, AdvancedHeadsInput, AnchorLedgersInput, LedgerHead, LedgersAnchored
from shared.fleet.fleet import Fleets
from shared.lineage.anchors import path_of
from shared.storage.anchors import BlobAnchors
from tests.functions.stores import Blobs
from tests.shared.lineage.chains import AT, Ledgers, entry

MANIFEST = "datasets/d/d-1/manifest.json"
CONTENT = b'{"sources": []}'


@dataclass
class Kept:
    """What the app remembers."""

    ledger: Ledgers
    heads: Blobs
    data: Blobs

    async def anchor(self, hour: int) -> LedgersAnchored:
        """Keep the heads."""
        return await write_anchor(AnchorLedgersInput(at=AT + timedelta(hours=hour)))

    def grow(self, model: str, count: int) -> None:
        """So many more rows."""
        for _ in range(count):
            number = len(self.ledger.rows(model))
            self.ledger.append(entry(number, model=model, facts={"version": str(number)}))


@dataclass
class Rows:
    """A read model; only names are asked for."""

    ledger: Ledgers

    def all(self) -> list[Any]:
        """Of each model that has a chain."""
        return [SimpleNamespace(model=model) for model in self.ledger.chains]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Kept:
    """A model with three rows, and no fleet file that has any."""
    monkeypatch.setattr(adapters, "fleets", lambda: Fleets(()))
    found = Kept(Ledgers(), Blobs("ledger-heads"), Blobs("signalbox"))
    anchors = BlobAnchors(found.heads)
    for name, adapter in (
        ("ledger", found.ledger),
        ("anchors", anchors),
        ("data", found.data),
        ("read_model", Rows(found.ledger)),
    ):
        monkeypatch.setattr(adapters, name, lambda adapter=adapter: adapter)
    found.grow("quick-jfk", 3)
    return found


class Witness:
    """A durable client: each model's interlock was told of these heads."""

    def __init__(self, **heads: list[LedgerHead]) -> None:
        self.heads = heads

    async def get_entity(self, entity: EntityInstanceId) -> Any:
        """An interlock's state, as far as it is looked at."""
        state = {"ledger": [head.to_wire() for head in self.heads.get(entity.key, [])]}
        return SimpleNamespace(get_typed_state=lambda _kind: state)


async def _verify(
    door: Callable[..., Awaitable[func.HttpResponse]], of: str = "", witness: Witness | None = None, **params: str
) -> tuple[int, dict[str, Any]]:
    return await _get(lambda request: door(request, witness or Witness()), of, **params)


async def _get(
    door: Callable[[func.HttpRequest], Awaitable[func.HttpResponse]], of: str = "", **params: str
) -> tuple[int, dict[str, Any]]:
    request = func.HttpRequest(
        "GET", "http://app/api", params=params, route_params={"name": of} if of else {}, body=b""
    )
    answer = await door(request)
    return answer.status_code, json.loads(answer.get_body())


async def test_a_whole_ledger_is_verified_against_its_anchor(kept: Kept) -> None:
    """With how far it has come, and how far it had come when it was anchored."""
    anchored = await kept.anchor(0)
    kept.grow("quick-jfk", 1)
    status, told = await _verify(doors.verify_ledger, "quick-jfk")
    assert (status, told["rows"], told["findings"], told["anchors"]) == (200, 4, [], [])
    assert (told["head"]["sequence"], told["anchored"]["sequence"]) == (4, 3)
    assert (anchored.path, anchored.models, anchored.findings) == (path_of(AT), 1, 0)


async def test_an_anchor_is_written_once_and_only_when_something_moved(kept: Kept) -> None:
    """A repeat finds it, and a quiet hour needs none."""
    first = await kept.anchor(0)
    assert await kept.anchor(0) == first
    assert (await kept.anchor(1)).path is None
    kept.grow("quick-jfk", 1)
    assert (await kept.anchor(2)).path == path_of(AT + timedelta(hours=2))
    assert len(kept.heads.written) == 2


async def test_an_anchor_that_was_kept_back_is_not_written_after_a_later_one(kept: Kept) -> None:
    """An outage of hours ends, and the runs of all of these hours go on at once."""
    later = await kept.anchor(3)
    kept.grow("quick-jfk", 1)
    assert (await kept.anchor(1)).path is None
    assert kept.heads.written == [later.path]


async def test_interlocks_are_told_of_chains_that_moved(kept: Kept) -> None:
    """Page by page; of one that has not moved, or that was cut, nothing."""
    for number in range(60):
        kept.grow(f"m{number:02}", 1)
    await kept.anchor(0)
    path = path_of(AT)
    first = await read_advanced_heads(AdvancedHeadsInput(path=path))
    second = await read_advanced_heads(AdvancedHeadsInput(path=path, page=1))
    assert (len(first.heads), first.more, len(second.heads), second.more) == (50, True, 11, False)
    kept.grow("m07", 2)
    del kept.ledger.chains["quick-jfk"][1:]
    anchored = await kept.anchor(1)
    assert anchored.path is not None
    moved = await read_advanced_heads(AdvancedHeadsInput(path=anchored.path))
    assert {model: head.sequence for model, head in moved.heads.items()} == {"m07": 3}
    assert await read_advanced_heads(AdvancedHeadsInput(path="none")) == AdvancedHeads(heads={}, more=False)


async def test_a_cut_is_told_by_every_door_and_in_every_later_anchor(kept: Kept) -> None:
    """Also when the chain grows on, and of the model alone and of all."""
    await kept.anchor(0)
    del kept.ledger.chains["quick-jfk"][2:]
    kept.ledger.append(entry(7, model="quick-jfk", reason="another end"))
    found = "rewritten: row 3 is not the one that the anchor of 2026-01-02 04:04 UTC knows"
    assert (await kept.anchor(1)).findings == 1
    kept.grow("quick-jfk", 4)
    assert (await kept.anchor(2)).path is None  # it keeps the old head, and has said so
    anchored = "anchored: quick-jfk: row 3 is not the one that was anchored"
    _, one = await _verify(doors.verify_ledger, "quick-jfk")
    _, all_ = await _verify(doors.verify_ledgers)
    _, why = await _get(doors.why_model, "quick-jfk")
    _, rows = await _get(doors.get_ledger, "quick-jfk")
    assert one["findings"] == why["findings"] == rows["findings"] == [found]
    assert one["anchors"] == all_["anchors"] == [anchored]
    assert not why["verified"]


async def test_why_is_told_of_one_version(kept: Kept) -> None:
    """Of any that the ledger knows; of another one, which there are."""
    kept.grow("quick-jfk", 3)
    status, told = await _get(doors.why_model, "quick-jfk", version="1")
    assert (status, told["trail"]["version"]) == (200, "1")
    assert told["summary"].startswith("Version 1 of quick-jfk is not in production.")
    status, told = await _get(doors.why_model, "quick-jfk", version="7" * 9000)
    assert status == 404
    assert told["detail"].endswith("777: it tells of version 1, 2, 3, 4, 5.")
    assert len(told["detail"]) < 200


async def test_a_ledger_that_is_gone_is_not_one_that_never_was(kept: Kept) -> None:
    """The anchor still knows it, though no fleet file and no row has its name; a model to come has nothing yet."""
    kept.grow("forgotten", 2)
    await kept.anchor(0)  # while its row in the read model was there
    del kept.ledger.chains["forgotten"]
    status, told = await _verify(doors.verify_ledger, "forgotten")
    assert status == 200
    assert told["findings"] == ["cut: the anchor of 2026-01-02 03:04 UTC knows row 2, and the chain has no rows"]
    assert (await _verify(doors.verify_ledger, "nobody"))[0] == 404
    assert (await _get(doors.why_model, "nobody"))[0] == 404


async def test_all_ledgers_are_verified_page_by_page(kept: Kept) -> None:
    """Each once, models without one left out."""
    kept.grow("slow-jfk", 1)
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        _, page = await _verify(doors.verify_ledgers, limit="1", after=after)
        seen += [one["model"] for one in page["models"]]
        after = page["next"]
    assert seen == ["quick-jfk", "slow-jfk"]
    assert (await _verify(doors.verify_ledgers, limit="0"))[0] == 400


async def test_a_replaced_anchor_is_told(kept: Kept) -> None:
    """By the one after it."""
    for hour in range(2):
        await kept.anchor(hour)
        kept.grow("quick-jfk", 1)
    kept.heads.land(path_of(AT), b'{"at": "2026-01-02T03:04:05Z", "heads": {}}')
    _, told = await _verify(doors.verify_ledgers)
    assert told["anchors"] == [f"anchors: {path_of(AT)} is not as {path_of(AT + timedelta(hours=1))} saw it"]


async def test_anchors_are_listed_for_one_model(kept: Kept) -> None:
    """Newest first, with the hash of their bytes; of other models nothing."""
    kept.grow("slow-jfk", 1)
    await kept.anchor(0)
    _, told = await _get(doors.list_anchors, model="slow-jfk")
    (one,) = told["anchors"]
    assert (one["path"], list(one["heads"])) == (path_of(AT), ["slow-jfk"])
    _, all_ = await _get(doors.list_anchors)
    assert list(all_["anchors"][0]["heads"]) == ["quick-jfk", "slow-jfk"]


@pytest.mark.parametrize(
    ("content", "raw", "findings"),
    [
        (CONTENT, [], []),
        (None, None, []),
        (b'{"sources": [ ]}', None, [f"manifest: {MANIFEST} is not the one that row 1 names"]),
    ],
)
async def test_a_story_leads_to_the_manifest_that_its_ledger_names(
    kept: Kept, content: bytes | None, raw: list[Any] | None, findings: list[str]
) -> None:
    """One that has other bytes by now is told, and not taken; one that has expired is not known."""
    origin = {"manifest": MANIFEST, "manifest_sha256": hashlib.sha256(CONTENT).hexdigest()}
    kept.ledger.append(entry(0, model="slow-jfk", facts={"version": "1", "origin": origin}))
    if content is not None:
        kept.data.land(MANIFEST, content)
    _, told = await _get(doors.why_model, "slow-jfk")
    assert (told["trail"]["raw"], told["findings"]) == (raw, findings)


async def test_an_interlock_remembers_what_was_cut_before_it_was_anchored(kept: Kept) -> None:
    """What it was told lies apart from the tables, so a tail that is gone is found without any anchor."""
    known = LedgerHead(sequence=3, hash=kept.ledger.rows("quick-jfk")[-1].hash)
    witness = Witness(**{"quick-jfk": [known]})
    assert (await _verify(doors.verify_ledger, "quick-jfk", witness))[1]["findings"] == []
    del kept.ledger.chains["quick-jfk"][2:]
    _, one = await _verify(doors.verify_ledger, "quick-jfk", witness)
    _, all_ = await _verify(doors.verify_ledgers, witness=witness)
    assert one["findings"] == all_["models"][0]["findings"]
    assert "the model's interlock knows row 3" in one["findings"][0]
