"""What people ask of data: which dataset versions there are, what one was made of, and which rows were rejected."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import azure.functions as func

from functions import adapters, sight
from functions.quarantined import find_quarantined, read_page, shown, source_of
from functions.triggers.http import BadRequestError, answer, problem, read_flag, read_limit
from shared.blocking import run_blocking
from shared.contracts.datasets import IndexedDataset
from shared.errors import PermanentError
from shared.near_names import nearest
from shared.storage.base import DatasetIndex, present_versions

#: Of a path they are steps, and storage would look elsewhere.
_NO_NAMES: Final = frozenset({".", ".."})
_SECONDS: Final = 120.0  # to look through blobs, or a large index


async def list_datasets(req: func.HttpRequest) -> func.HttpResponse:
    """The present version of each cell, newest period first, by fleet and dataset.

    `?fleet=` and `?dataset=` narrow it, `?all=true` tells every version, newest first, and `?limit=` how many of each
    dataset.
    """
    try:
        limit = read_limit(req, usual=20, most=1000)
        every = read_flag(req, "all")
        wanted = _wanted(req.params.get("fleet"), req.params.get("dataset"))
    except BadRequestError as error:
        return error.answer
    found = [await run_blocking(_listed, *one, limit, every, timeout=_SECONDS) for one in wanted]
    return answer(200, {"datasets": found})


async def get_dataset(req: func.HttpRequest) -> func.HttpResponse:
    """One version: its manifest, and where it was published."""
    name, version = req.route_params["name"], req.route_params["version"]
    remedy = f"`GET /api/datasets?dataset={name}&all=true` lists those that there are"
    unknown = problem(404, "unknown-version", f"The dataset {name} has no version {version}, or it expired; {remedy}.")
    if {name, version} & _NO_NAMES or "/" in name + version:
        return unknown
    try:
        return answer(200, await run_blocking(_described, name, version))
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return unknown


async def list_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """What is in quarantine, newest first; `?source=`, `?file=` (a raw file's path) and `?limit=` narrow it."""
    try:
        limit = read_limit(req, usual=20, most=200)
    except BadRequestError as error:
        return error.answer
    source, file = req.params.get("source") or None, req.params.get("file") or None
    found = await run_blocking(find_quarantined, source, file, limit, timeout=_SECONDS)
    return answer(200, {"quarantine": [one.to_json() for one in found]})


async def read_quarantine(req: func.HttpRequest) -> func.HttpResponse:
    """Rejected rows of one blob, in order; `?rule=` narrows them, and `?after=` goes on where a page has ended."""
    try:
        path = _quarantine_path(req.route_params["path"])
        limit = read_limit(req, usual=100, most=1000)
        after = _read_offset(req)
    except BadRequestError as error:
        return error.answer
    try:
        page = await run_blocking(read_page, path, after, limit, req.params.get("rule") or None, timeout=_SECONDS)
    except PermanentError as error:
        if error.code != "BlobNotFound":
            raise
        return problem(404, "not-in-quarantine", f"{error.message}. `GET /api/quarantine` lists what there is.")
    except ValueError:
        detail = f"{path} has no row that begins at byte {after}; take `after` from `next` of the page before."
        return problem(400, "bad-request", detail)
    source = source_of(path)
    rows = await run_blocking(shown, page.rows, source)
    return answer(200, {"path": path, "source": source, "rows": rows, "next": page.next})


def _wanted(fleet: str | None, dataset: str | None) -> list[tuple[str, str]]:
    """The datasets that are asked for, by fleet and name."""
    all_ = [(one.name, name) for one in adapters.fleets().all for name in one.datasets]
    found = [one for one in all_ if fleet in (None, one[0]) and dataset in (None, one[1])]
    if found or (fleet is None and dataset is None):
        return found
    known = {name for _, name in all_}
    if dataset is not None and dataset not in known:
        raise BadRequestError(404, "unknown-dataset", f"No fleet has a dataset {dataset}; {nearest(dataset, known)}")
    fleets = [of for of, name in all_ if dataset in (None, name)]
    told = f"There is no fleet {fleet} with such a dataset; {nearest(fleet or '', fleets)}"
    raise BadRequestError(404, "unknown-fleet", told)


def _listed(fleet: str, dataset: str, limit: int, every: bool) -> dict[str, Any]:
    index = adapters.dataset_index()
    if every:
        present = {entry.dataset.version for entry in present_versions(index, fleet, dataset)}
        seen = (entry for entry in _all_versions(index, fleet, dataset) if _is_seen(entry))
        entries = sorted(seen, key=lambda entry: entry.at, reverse=True)
        more = len(entries) > limit
    else:
        entries, more = _present(index, fleet, dataset, limit)
        present = {entry.dataset.version for entry in entries}
    versions = [_version(entry, present=entry.dataset.version in present) for entry in entries[:limit]]
    return {"fleet": fleet, "dataset": dataset, "versions": versions, "more": more}


def _present(index: DatasetIndex, fleet: str, dataset: str, limit: int) -> tuple[list[IndexedDataset], bool]:
    """The present version of each cell that the caller may see, and whether there are more of them."""
    if sight.is_whole():
        page = index.cells(fleet, dataset, limit=limit)
        return list(page.entries), page.next is not None
    found = list(islice(filter(_is_seen, present_versions(index, fleet, dataset)), limit + 1))
    return found[:limit], len(found) > limit


def _is_seen(entry: IndexedDataset) -> bool:
    return sight.sees_cell(entry.fleet, entry.dataset.dataset, entry.dataset.cell)


def _all_versions(index: DatasetIndex, fleet: str, dataset: str) -> Iterator[IndexedDataset]:
    page = index.versions(fleet, dataset)
    yield from page.entries
    while page.next is not None:
        page = index.versions(fleet, dataset, page.next)
        yield from page.entries


def _version(entry: IndexedDataset, *, present: bool) -> dict[str, Any]:
    ref = entry.dataset
    return {
        "version": ref.version,
        "cell": ref.cell,
        "rows": ref.rows,
        "rejected": ref.rejected,
        "ends": ref.ends.isoformat() if ref.ends else None,
        "at": entry.at.isoformat(),
        "present": present,
    }


def _described(name: str, version: str) -> dict[str, Any]:
    path = f"datasets/{name}/{version}/manifest.json"
    manifest: dict[str, Any] = json.loads(adapters.data().read(path))
    index, published = adapters.dataset_index(), []
    for fleet in adapters.fleets().all:
        entry = index.get(fleet.name, name, version)
        if entry is not None and _is_seen(entry):
            ref = entry.dataset
            newest = index.newest(fleet.name, name, ref.cell, ref.ends)
            present = newest is not None and newest.version == version
            published.append({"fleet": fleet.name, "at": entry.at.isoformat(), "present": present})
    if not published and not sight.is_whole():
        raise PermanentError("BlobNotFound", path)
    return {"manifest": manifest, "published": published}


def _read_offset(req: func.HttpRequest) -> int:
    text = req.params.get("after", "0")
    if not re.fullmatch("[0-9]{1,15}", text):
        raise BadRequestError(400, "bad-request", f"`after` is {text!r}; take `next` of the page before.")
    return int(text)


def _quarantine_path(text: str) -> str:
    """A blob's path, written with or without its folder."""
    path = f"quarantine/{text.removeprefix('quarantine/')}"
    known = re.fullmatch(r"quarantine/[^/]+/(?:[^/]+/)*[^/]+\.csv", path) and path.isprintable()
    if not known or ".." in path.split("/"):
        detail = f"{path} is no path in quarantine; give quarantine/SOURCE/ID.csv, as `GET /api/quarantine` lists it."
        raise BadRequestError(400, "bad-request", detail)
    return path
