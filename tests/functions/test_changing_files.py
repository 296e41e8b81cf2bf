"""Files that change while their cell is conditioned, and what was broken and is mended."""

from datetime import timedelta
from typing import Any

import pytest

from shared import names
from shared.contracts.datasets import IndexedDataset
from tests.functions.landing_site import RECIPE, Site, csv, ready, search


@pytest.mark.parametrize("replaced", [None, "B,3"])
async def test_a_file_that_changes_before_it_is_read_is_looked_for_again(site: Site, replaced: str | None) -> None:
    """Deleted or replaced: a deletion sends no event that would ask again."""
    await ready(site)
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    path, found = "raw/flights/JFK/2013-06-b.csv", site.app.engine_functions[names.FIND_SOURCE_FILES]

    async def changed_behind(payload: dict[str, Any]) -> Any:
        answer = await found(payload)
        site.app.engine_functions[names.FIND_SOURCE_FILES] = found
        site.landing.delete(path) if replaced is None else site.landing.land(path, csv(replaced), site.clock)
        return answer

    site.app.engine_functions[names.FIND_SOURCE_FILES] = changed_behind
    assert await site.land(path, "B,2") == ["done"]
    assert site.rows() == (["A,1"] if replaced is None else ["B,3", "A,1"])


async def test_what_looked_before_a_correction_and_is_published_after_it_is_told_to_nobody(site: Site) -> None:
    """The models are trained on the corrected file, and stay so."""
    await ready(site)
    found, seen = site.app.engine_functions[names.FIND_SOURCE_FILES], []

    async def looked(payload: dict[str, Any]) -> Any:
        seen.append(await found(payload))
        return seen[0]

    site.app.engine_functions[names.FIND_SOURCE_FILES] = looked
    first = site.landing.land("raw/flights/JFK/2013-06.csv", csv("A,1"), site.clock)
    assert await site.arrive(first) == ["done"]
    assert "1 models were told" in site.reasons[-1]
    site.app.engine_functions[names.FIND_SOURCE_FILES] = found
    await site.land("raw/flights/JFK/2013-06.csv", "A,2")
    corrected = site.newest().version
    site.app.engine_functions[names.FIND_SOURCE_FILES] = looked
    assert await site.arrive(first, site.clock - timedelta(seconds=1)) == ["done"]
    assert site.newest().version == corrected
    told = [one.reason for one in site.inbox.recent("conditioning") if one.key.endswith(first.key)]
    assert told[0].endswith(f"0 models were told. A later arrival had led to {corrected} before.")


async def test_a_file_that_changes_all_the_time_has_failed_for_now(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three looks, no more; the search tries again."""
    await ready(site)
    path, read = "raw/flights/JFK/2013-06.csv", site.landing.read
    looks: list[str] = []

    def replaced_before(asked: str, etag: str | None = None) -> bytes:
        if asked == path:
            looks.append(asked)
            site.landing.land(path, csv(f"A,{len(looks)}"), site.clock)
        return read(asked, etag)

    monkeypatch.setattr(site.landing, "read", replaced_before)
    assert await site.land(path, "A,0") == ["failed"]
    assert len(looks) == 3
    monkeypatch.setattr(site.landing, "read", read)
    assert await search(site, site.clock + timedelta(minutes=5)) == ["done"]


async def test_a_broken_recipe_holds_its_files_up_until_it_is_mended(site: Site) -> None:
    """No file has to land again: the search tries what has failed for now."""
    await ready(site)
    (site.folder / "recipe.yaml").write_text("columns: {}")
    assert await site.land("raw/flights/JFK/2013-06.csv", "A,1") == ["failed"]
    assert "recipe.yaml:1:" in site.reasons[-1]
    (site.folder / "recipe.yaml").write_text(RECIPE)
    assert await search(site, site.clock + timedelta(minutes=5)) == ["done"]


async def test_a_conditioned_file_that_has_expired_is_made_again(site: Site) -> None:
    """What is known of it has outlived it."""
    await ready(site)
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    for blob in site.data.list("conditioned/flights/"):
        if blob.path.endswith(".csv"):
            site.data.delete(blob.path)
    assert await site.land("raw/flights/JFK/2013-06-b.csv", "B,2") == ["done"]
    assert site.rows() == ["B,2", "A,1"]


async def test_a_version_that_retention_takes_while_it_is_published_again_is_written_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder was seen, and is gone when the index has it: the next attempt finds nothing, and writes it."""
    await ready(site)
    first = site.landing.land("raw/flights/JFK/2013-06.csv", csv("A,1"), site.clock)
    assert await site.arrive(first) == ["done"]
    put, manifest = site.index.put, f"{site.newest().path}manifest.json"

    def entered_too_late(entry: IndexedDataset) -> None:
        put(entry)
        monkeypatch.setattr(site.index, "put", put)
        site.data.delete(manifest)

    monkeypatch.setattr(site.index, "put", entered_too_late)
    await site.land("raw/flights/JFK/2013-06.csv", "A,1")
    assert [blob.path for blob in site.data.list(manifest)] == [manifest]
