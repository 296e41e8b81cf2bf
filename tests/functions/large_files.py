"""Files that are cut into ranges of a few hundred bytes, and what one pass makes of the same bytes."""

import csv
import io
import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest

from functions import adapters
from functions.conditioning import files
from functions.conditioning.recipes import recipe_of
from shared import names
from shared.contracts.conditioning import BlobArrival, ConditionedFile, SourceFile
from shared.contracts.ranges import ConditionFileInput
from tests.functions.landing_site import Site, ready
from tests.functions.stores import Blobs

PATH = "raw/flights/JFK/2013-06.csv"
CELL = {"origin": "JFK", "month": "2013-06"}
RANGE = 128
RECIPE = """\
columns:
  route: {from: route}
  flights: {from: flights, type: integer, min: 0}
  note: {from: note, required: false}
filter: "note is null or note != 'skip'"
"""


async def cutting_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The site with a recipe for messy flights, where every file of more than 128 bytes is cut, and all else landed."""
    (site.folder / "flights.yaml").write_text(RECIPE)
    site.fleet(('{month}*.csv", recipe: recipe.yaml', '{month}*.csv", recipe: flights.yaml'))
    monkeypatch.setattr("functions.conditioning.cutting.RANGE_BYTES", RANGE)
    for place in ("functions.conditioning.cutting", "shared.conditioning.engine.digest"):
        monkeypatch.setattr(f"{place}.HASHED_BYTES", RANGE)  # ranges begin at multiples of it
    await ready(site)
    return site


def messy(rows: int = 120, seed: int = 1, nested: Iterable[int] = ()) -> bytes:
    """Rows of all sorts: notes with quotes and line ends, wrong and ragged rows, stray quotes, blank lines.

    Args:
        rows: How many.
        seed: Another one gives another file.
        nested: Numbers of rows whose note is itself a table of the same form: a guess takes it for records.
    """
    chance, text = random.Random(seed), io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["route", "flights", "note"])
    for number in range(rows):
        note = chance.choice(["", "plain", "skip", "a, b", 'said "yes"', "two\nlines"])
        if number in nested:
            note = "\n".join(f"JFK-{line},{line},inside" for line in range(60))
        match chance.randrange(12):
            case 0 if number not in nested:
                writer.writerow([f"R{number}", number])
            case 1 if number not in nested:
                text.write(f'R{number},{number},"open" x\n')
            case 2:
                writer.writerow([f"R{number}", -number - 1, note])
            case 3 if number not in nested:
                text.write("\n")
            case _:
                writer.writerow([f"R{number}", number, note])
    return text.getvalue().encode()


def source_file(arrival: BlobArrival) -> SourceFile:
    """A landed file of the flights."""
    return SourceFile(source="flights", path=arrival.path, etag=arrival.etag, size=arrival.size)


def file_order(arrival: BlobArrival) -> ConditionFileInput:
    """An order for one file alone."""
    return ConditionFileInput(fleet="flights", cell=CELL, file=source_file(arrival))


def known(site: Site, arrival: BlobArrival) -> ConditionedFile:
    """What the app knows of a file that it has conditioned."""
    file = source_file(arrival)
    found = files.find_conditioned(file, recipe_of("flights", "flights", CELL))
    assert found is not None, site.reasons
    return found


class Made:
    """All that a conditioned file is: its document, and the bytes of its table, quarantine and profile."""

    def __init__(self, made: ConditionedFile) -> None:
        read = adapters.data().read
        self.document = made
        self.table = read(made.path)
        self.quarantine = read(made.quarantine) if made.quarantine else b""
        self.profile = read(made.profile) if made.profile else b""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Made) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # compared only


def in_one_pass(arrival: BlobArrival, monkeypatch: pytest.MonkeyPatch) -> Made:
    """What one pass makes of a landed file, in a data container of its own."""
    elsewhere = Blobs("elsewhere")
    with monkeypatch.context() as patched:
        patched.setattr(adapters, "data", lambda: elsewhere)
        recipe = recipe_of("flights", "flights", CELL)
        return Made(files.condition_at_once("flights", source_file(arrival), recipe))


def scratch(site: Site) -> list[str]:
    """What lies in the scratch space."""
    return [blob.path for blob in site.data.list("scratch/")]


class Ranges:
    """Counts, delays and breaks the ranges of a site.

    Attributes:
        starts: By index the places that ranges were told to begin at; `None` where they guess.
        before: Called before each range with its payload; it may raise, wait, or change the world.
    """

    def __init__(self, site: Site) -> None:
        self._real = site.app.engine_functions[names.CONDITION_RANGE]
        self.starts: dict[int, list[int | None]] = {}
        self.calls: Counter[int] = Counter()
        self.before: Any = None
        site.app.engine_functions[names.CONDITION_RANGE] = self._run

    @property
    def mended(self) -> int:
        """Ranges that were done again with the right place."""
        return sum(any(start is not None for start in starts) for starts in self.starts.values())

    async def _run(self, payload: dict[str, Any]) -> Any:
        index = payload["index"]
        self.calls[index] += 1
        self.starts.setdefault(index, []).append(payload["start"])
        if self.before is not None:
            await self.before(index)
        return await self._real(payload)
