"""Large files, cut into ranges of a few hundred bytes: whatever happens on the way, the table is that of one pass."""

import asyncio
import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from functions.conditioning import sources
from local.durable.records import InstanceQuery
from local.testing.chaos import Chaos
from shared import names
from shared.conditioning.engine.quarantine import read_quarantine
from shared.contracts.conditioning import BlobArrival, SourceFile
from shared.contracts.ranges import ConditionFileInput, FileConditioned, FilePlan, RangeDone
from tests.functions.conftest import App
from tests.functions.landing_site import Site
from tests.functions.large_files import (
    PATH,
    RANGE,
    RECIPE,
    Made,
    Ranges,
    file_order,
    in_one_pass,
    known,
    messy,
    scratch,
)
from tests.local.durable.conftest import eventually


def land(site: Site, content: bytes, path: str = PATH) -> BlobArrival:
    """A file lands; its event is still to come."""
    site.clock += timedelta(minutes=1)
    return site.landing.land(path, content, site.clock)


async def condition(site: Site, arrival: BlobArrival) -> FileConditioned:
    """Condition one file alone."""
    state = await site.app.run(names.CONDITION_FILE, file_order(arrival))
    return FileConditioned.from_wire(state.get_output())


async def test_a_large_file_is_what_one_pass_makes_of_it(large: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Table, quarantine, counts and profile are the same, and the dataset version; scratch is empty afterwards."""
    ranges, arrival = Ranges(large), land(large, messy())
    assert await large.arrive(arrival) == ["done"]
    assert len(ranges.calls) == -(-arrival.size // RANGE) > 10
    assert Made(known(large, arrival)) == in_one_pass(arrival, monkeypatch)
    assert scratch(large) == []
    version = large.newest().version
    monkeypatch.setattr("functions.conditioning.cutting.RANGE_BYTES", 1 << 20)
    ranges.calls.clear()
    assert await large.arrive(land(large, messy())) == ["done"]
    assert (large.newest().version, ranges.calls.total()) == (version, 0)


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("encoding: utf-16", lambda content: content.decode().encode("utf-16")),
        ("encoding: latin-1", lambda content: content.replace(b"plain", "déjà".encode("latin-1"))),
        ('delimiter: ","', lambda content: content.replace(b"\n", b"\r\n")),
        ("format: jsonl", lambda content: b"".join(map(_json_line, content.split(b"\n")))),
    ],
    ids=["utf-16", "latin-1", "crlf", "jsonl"],
)
async def test_every_format_that_can_be_cut(
    large: Site, monkeypatch: pytest.MonkeyPatch, said: str, written: Callable[[bytes], bytes]
) -> None:
    """Whatever the encoding and the line ends, ranges are one pass."""
    (large.folder / "flights.yaml").write_text(f"{said}\n{RECIPE}")
    ranges, arrival = Ranges(large), land(large, written(messy(50)))
    made = await condition(large, arrival)
    assert made.rows_out > 10
    assert made.rejected > 3
    assert len(ranges.calls) > 3
    assert Made(known(large, arrival)) == in_one_pass(arrival, monkeypatch)


def _json_line(line: bytes) -> bytes:
    """A line of a table as JSON, or as something that is none."""
    values = line.decode().split(",")
    if len(values) != 3:
        return line + b"\n"
    return json.dumps(dict(zip(("route", "flights", "note"), values, strict=True))).encode() + b"\n"


async def test_what_was_guessed_wrong_is_done_again(large: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges that begin inside a table that is one value take its lines for records, until the seams are checked."""
    monkeypatch.setattr("shared.conditioning.engine.ranges._GUESSED_FROM", RANGE)  # they see nothing but that table
    ranges, arrival = Ranges(large), land(large, messy(60, nested=(10, 35, 59)))
    assert not (await condition(large, arrival)).refused
    assert ranges.mended >= 5
    assert Made(known(large, arrival)) == in_one_pass(arrival, monkeypatch)
    assert scratch(large) == []


@pytest.mark.parametrize("chaos", [Chaos(seed, lose=0.4, double=0.4) for seed in (1, 2)], ids=["1", "2"])
async def test_lost_doubled_and_late_activities_change_nothing(
    large: Site, monkeypatch: pytest.MonkeyPatch, chaos: Chaos
) -> None:
    """Each activity and turn may be done twice, at once or later, and its result may be lost."""
    arrival = land(large, messy(60, seed=chaos.seed, nested=(7,)))
    assert await large.arrive(arrival) == ["done"], chaos.note()
    assert chaos.injected["activity doubled"] + chaos.injected["activity result lost"] > 1
    assert Made(known(large, arrival)) == in_one_pass(arrival, monkeypatch)


async def test_ranges_that_end_in_any_order_and_fail_for_now(large: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last range is done first, and one in the middle fails three times."""
    ranges, arrival, last = Ranges(large), land(large, messy(60)), asyncio.Event()

    async def backwards(index: int) -> None:
        if index == arrival.size // RANGE:
            last.set()
        await last.wait()
        if index == 4 and ranges.calls[4] <= 3:
            raise ConnectionError("storage is down")

    ranges.before = backwards
    assert not (await condition(large, arrival)).refused
    assert ranges.calls[4] >= 4
    assert Made(known(large, arrival)) == in_one_pass(arrival, monkeypatch)


@pytest.mark.parametrize("replaced", [True, False])
async def test_a_file_that_changes_in_the_middle_is_looked_for_again(large: Site, replaced: bool) -> None:
    """The version has the rows of the new file only; a file that is gone is waited for, and leaves no table."""
    ranges, arrival = Ranges(large), land(large, messy(60))
    again = messy(50, seed=9).replace(b"R", b"N")

    async def changes(index: int) -> None:
        if index == 5:
            ranges.before = None
            large.landing.land(PATH, again, large.clock) if replaced else large.landing.delete(PATH)

    ranges.before = changes
    assert await large.arrive(arrival) == (["done"] if replaced else ["waiting"])
    tables = [blob.path for blob in large.data.list("conditioned/flights/") if blob.path.endswith(".csv")]
    assert len(tables) == int(replaced)
    if replaced:
        names_of = {row.partition(",")[0] for row in large.rows() if row.startswith(("N", "R"))}
        assert names_of
        assert all(name.startswith("N") for name in names_of)


async def test_a_recipe_that_changes_in_the_middle_is_used_for_the_whole_file(
    large: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the one before had left no row, and so no block, of some ranges."""
    ranges, arrival, recipe = Ranges(large), land(large, messy(60)), large.folder / "flights.yaml"
    recipe.write_text(RECIPE[: RECIPE.index("filter:")] + "filter: flights < 0\n")

    async def changes(index: int) -> None:
        if index == 5:
            ranges.before = None
            await eventually(lambda: len(scratch(large)) > 1)  # a range has gone through the recipe as it was
            changed = recipe.with_suffix(".new")
            changed.write_text(RECIPE)
            changed.replace(recipe)  # other ranges are reading it

    ranges.before = changes
    assert await large.arrive(arrival) == ["done"]
    assert Made(known(large, arrival)) == in_one_pass(arrival, monkeypatch)
    runs = [one.id for one in large.app.engine.query(InstanceQuery()).items if one.name == names.CONDITION_FILE]
    assert len(set(runs)) == 2  # what was refused has ended, and is not started again under its id


async def test_two_that_condition_the_same_file_at_once_give_one_table(
    large: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their blocks do not mix: the first commit makes the table, and both see it."""
    arrival = land(large, messy(60, nested=(7,)))
    one, other = await asyncio.gather(condition(large, arrival), condition(large, arrival))
    assert one == other
    assert not one.refused
    assert Made(known(large, arrival)) == in_one_pass(arrival, monkeypatch)
    assert large.data.written.count(known(large, arrival).path) == 1
    assert scratch(large) == []


@pytest.mark.parametrize("broken", ["commit", "known", "clearing"])
async def test_a_commit_that_breaks_off_is_repeated(large: Site, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Its answer is lost, or it crashes before or after it has written down what the file gave."""
    arrival, store, breaks = land(large, messy(60)), large.data, [True]
    method = {"commit": "commit", "known": "write", "clearing": "delete"}[broken]
    real = getattr(store, method)

    def once(path: str, *args: Any, **more: Any) -> Any:
        if breaks and (broken != "known" or "/known/" in path):
            breaks.clear()
            if broken == "commit":
                real(path, *args, **more)
            raise ConnectionError("storage is down")
        return real(path, *args, **more)

    monkeypatch.setattr(store, method, once)
    made = await condition(large, arrival)
    assert not breaks
    assert made.rows_in == known(large, arrival).rows_in > 0
    assert Made(known(large, arrival)) == in_one_pass(arrival, monkeypatch)


async def test_blocks_that_are_lost_are_staged_again(large: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run had committed, and its table is gone: the file is conditioned again, from its beginning."""
    arrival, real, lost = land(large, messy(60)), large.data.commit, [True]

    def first_lost(path: str, blocks: Any, **more: Any) -> bool:
        if lost:
            lost.clear()
            large.data.forget_blocks(path)
        return real(path, blocks, **more)

    monkeypatch.setattr(large.data, "commit", first_lost)
    assert await large.arrive(arrival) == ["done"]
    assert Made(known(large, arrival)) == in_one_pass(arrival, monkeypatch)


async def test_too_many_rejected_rows_leave_the_previous_version(large: Site) -> None:
    """The file is dead, and what was rejected can be looked at where the reason says."""
    assert await large.arrive(land(large, messy(40))) == ["done"]
    before, rows = large.newest().version, large.rows()
    (large.folder / "flights.yaml").write_text(f"max_rejected: 1%\n{RECIPE}")
    content = messy(80, seed=2)
    assert await large.arrive(land(large, content)) == ["dead"]
    assert (large.newest().version, large.rows()) == (before, rows)
    assert scratch(large) == []
    told = large.reasons[-1]
    assert "the recipe allows 1.000%" in told
    quarantine = list(read_quarantine(large.data.read(told.rpartition(" ")[2])))
    assert f"{len(quarantine)} of " in told
    for row in quarantine:
        assert row.file == PATH
        assert content[row.offset :].decode().startswith(row.raw)


async def test_how_far_a_file_is_can_be_seen(large: Site) -> None:
    """Rows, bytes, rates and the remaining time, while some ranges are still under way."""
    ranges, arrival, go_on = Ranges(large), land(large, messy()), asyncio.Event()

    async def stop(index: int) -> None:
        if index >= 4:
            await go_on.wait()

    ranges.before = stop
    client, order = large.app.client, file_order(arrival)
    instance = await client.schedule_new_orchestration(names.CONDITION_FILE, input=order.to_wire())
    shown: dict[str, Any] = {}
    async with asyncio.timeout(20):
        while not shown.get("bytes"):
            await asyncio.sleep(0.01)
            state = await client.get_orchestration_state(instance)
            shown = (state and state.get_custom_status()) or {}
    go_on.set()
    assert shown["step"] == "conditioning"
    assert (shown["file"], shown["of_bytes"]) == (PATH, arrival.size)
    assert 0 < shown["bytes"] <= 4 * RANGE
    assert shown["rows"] > 0
    assert {type(shown[name]) for name in ("rows_per_s", "mb_per_s", "seconds_left")} <= {int, float}
    state = await large.app.finish(instance)
    assert state.get_custom_status()["step"] == "committing"


async def test_a_packed_file_goes_in_one_pass(large: Site) -> None:
    """It cannot be cut; it gives the table of its content."""
    ranges, content = Ranges(large), messy(60)
    packed = land(large, gzip.compress(content), "raw/flights/JFK/2013-06.csv")
    assert packed.size > RANGE
    assert await large.arrive(packed) == ["done"]
    assert not ranges.calls
    rows = large.rows()
    assert await large.arrive(land(large, content)) == ["done"]
    assert ranges.calls
    assert large.rows() == rows


async def test_many_large_files_of_a_cell(large: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told some at a time, each is conditioned once, and they are joined in the order of their paths."""
    monkeypatch.setattr(sources, "_LARGE_AT_ONCE", 2)
    ranges = Ranges(large)
    rows = "".join(f"route,{number},\n" for number in range(40))
    for letter in "cab":
        last = land(large, f"route,flights,note\n{letter},0,\n{rows}".encode(), f"raw/flights/JFK/2013-06{letter}.csv")
    assert await large.arrive(last) == ["done"]
    assert set(ranges.calls.values()) == {3}
    assert [row for row in large.rows() if row[0] in "abc"] == ["a,0,", "b,0,", "c,0,"]


async def test_no_history_grows_with_the_file(app: App) -> None:
    """Of 500 ranges each orchestration sees a few dozen."""
    functions, order = app.engine_functions, _order_of(500 * RANGE)
    functions[names.PLAN_FILE] = lambda _: {"result": FilePlan(path="p", body=0, step=RANGE, ranges=500).to_wire()}
    functions[names.CONDITION_RANGE] = lambda one: {
        "result": RangeDone(start=one["index"] * RANGE, end=(one["index"] + 1) * RANGE, rows=1).to_wire()
    }
    functions[names.COMMIT_FILE] = lambda _: {"result": FileConditioned(rows_in=500, rows_out=500).to_wire()}
    state = await app.run(names.CONDITION_FILE, order)
    assert FileConditioned.from_wire(state.get_output()).rows_in == 500
    found = app.engine.query(InstanceQuery()).items
    assert {one.name for one in found} == {names.CONDITION_FILE, names.CONDITION_RANGES}
    assert max([len(await app.client.get_orchestration_history(one.id)) for one in found]) < 150


def _order_of(size: int) -> ConditionFileInput:
    file = SourceFile(source="flights", path=PATH, etag="0x1", size=size)
    return ConditionFileInput(fleet="flights", cell={}, file=file)
