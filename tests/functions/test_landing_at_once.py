"""Files that a source delivers in one go."""

import asyncio
from collections import Counter

import pytest

from tests.functions.landing_site import Site, csv, ready


async def test_each_file_is_read_once_however_many_ask(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every arrival asks for the version, and all have it; what is the same work is done once."""
    await ready(site)
    paths = [f"raw/flights/JFK/2013-06-{day}.csv" for day in range(10, 18)]
    arrivals = [site.landing.land(path, csv(f"{path},1"), site.clock) for path in paths]
    reads: Counter[str] = Counter()
    read = site.landing.read

    def counted(path: str, etag: str | None = None) -> bytes:
        reads[path] += 1
        return read(path, etag)

    monkeypatch.setattr(site.landing, "read", counted)
    assert await asyncio.gather(*(site.arrive(arrival) for arrival in arrivals)) == [["done"]] * len(paths)
    assert {path: reads[path] for path in paths} == dict.fromkeys(paths, 1)
    assert len(site.versions) == 1
    assert len(site.rows()) == len(paths)
