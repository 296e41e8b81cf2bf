"""Verifies an evidence pack of Signalbox: `python3 -I verify.py`. Needs Python 3.9 or later and nothing else."""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GENESIS = "0" * 64


def main() -> int:
    """Print what is wrong with the pack; 1 when anything is."""
    parser = argparse.ArgumentParser(description="Verify an evidence pack of Signalbox.")
    parser.add_argument("pack", nargs="?", type=Path, default=Path(__file__).resolve().parent, help="its folder")
    parser.add_argument("--anchors", type=Path, help="a folder with anchors that you have downloaded yourself")
    options = parser.parse_args()
    try:
        rows = [json.loads(line) for line in (options.pack / "ledger.jsonl").read_text("utf-8").splitlines()]
        heads = json.loads((options.pack / "heads.json").read_text("utf-8"))
        findings = [*check_chain(rows, heads["model"]), *check_heads(rows, heads)]
        if options.anchors is not None:
            findings += check_anchors(rows, heads["model"], options.anchors)
        findings += check_manifests(rows, options.pack / "manifests")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        findings = [f"the pack cannot be read: {error!r}"]
        rows = []
    for finding in findings:
        print(finding)  # noqa: T201 - a script for a terminal
    print(f"{len(rows)} rows: {len(findings)} findings" if findings else f"{len(rows)} rows: nothing was changed")  # noqa: T201
    return 1 if findings else 0


def check_chain(rows: list[dict[str, Any]], model: str) -> Iterator[str]:
    """Each row has the next number, the hash of the row before it, and its own."""
    previous = GENESIS
    for number, row in enumerate(rows, start=1):
        content = {name: value for name, value in row.items() if name != "hash"}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        if row["sequence"] != number:
            yield f"row {row['sequence']} is where row {number} should be"
        if row["previous"] != previous:
            yield f"row {row['sequence']} does not continue the row before it"
        if row["hash"] != hashlib.sha256(text.encode()).hexdigest():
            yield f"the content of row {row['sequence']} does not match its hash"
        if row["entry"]["model"] != model:
            yield f"row {row['sequence']} is of {row['entry']['model']}, not of {model}"
        previous = row["hash"]


def check_heads(rows: list[dict[str, Any]], heads: dict[str, Any]) -> Iterator[str]:
    """The chain ends where the app said, holds every head of its anchors, and the app had found nothing."""
    head = heads["head"]
    last = rows[-1] if rows else None
    if (last is None) != (head is None) or (
        last and (last["sequence"], last["hash"]) != (head["sequence"], head["hash"])
    ):
        yield "the chain does not end where the app said that it ends"
    for anchor in heads["anchors"]:
        yield from check_head(rows, anchor, f"the anchor {anchor['path']}")
    for finding in heads["findings"]:
        yield f"the app itself had found: {finding}"


def check_head(rows: list[dict[str, Any]], head: dict[str, Any], by: str) -> Iterator[str]:
    """A row that somebody else has seen is in the chain."""
    if not any((row["sequence"], row["hash"]) == (head["sequence"], head["hash"]) for row in rows):
        yield f"{by} knows a row {head['sequence']} that is not in the chain: it was cut, or made anew"


def check_anchors(rows: list[dict[str, Any]], model: str, folder: Path) -> Iterator[str]:
    """Downloaded anchors follow each other, have found nothing of this model, and their heads are in the chain."""
    files = sorted((path for path in folder.rglob("*.json")), key=lambda path: path.name)
    if not files:
        yield f"{folder} holds no anchors"
    digest, before = "", None
    for path in files:
        content = path.read_bytes()
        anchor = json.loads(content)
        link = anchor["previous"]
        at_once = link is not None and before is not None and link == before["previous"]  # then both follow the same
        if before is not None and not at_once and (link or {}).get("sha256") != digest:
            yield f"the anchor {path.name} does not follow the one before it in {folder}"
        digest, before = hashlib.sha256(content).hexdigest(), anchor
        yield from (
            f"the anchor {path.name} had found: {one}" for one in anchor["findings"] if one.startswith(f"{model}: ")
        )
        if model in anchor["heads"]:
            yield from check_head(rows, anchor["heads"][model], f"the anchor {path.name}")


def check_manifests(rows: list[dict[str, Any]], folder: Path) -> Iterator[str]:
    """Each manifest is the one that a row names, and makes the version whose name it has."""
    named = {}
    for row in rows:
        origin = row["entry"].get("facts", {}).get("origin") or {}
        if origin.get("manifest"):
            named[origin["manifest"].split("/")[-2]] = origin["manifest_sha256"]
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    for path in files:
        content = path.read_bytes()
        if path.stem not in named:
            yield f"no row names the manifest {path.name}"
        elif hashlib.sha256(content).hexdigest() != named[path.stem]:
            yield f"the manifest {path.name} is not the one that the ledger names"
        yield from check_version(json.loads(content), path.stem)
    for version in sorted(set(named) - {path.stem for path in files}):
        print(f"note: the manifest of {version} is not in the pack: the dataset version had expired")  # noqa: T201


def check_version(manifest: dict[str, Any], version: str) -> Iterator[str]:
    """A dataset version's name ends in a hash over its raw files and recipes."""
    made_of = sorted([one["source"], one["raw_sha256"], one["recipe_sha256"]] for one in manifest["sources"])
    if not version.endswith(digest_of([manifest["dataset"], manifest["cell"], made_of])[:12]):
        yield f"the files and recipes of {version} do not make its name"
    for one in manifest["sources"]:
        hashes = [file["raw_sha256"] for file in one["files"]]
        together = hashes[0] if len(hashes) == 1 else digest_of(hashes)
        if together != one["raw_sha256"]:
            yield f"the raw files of {one['source']} in {version} do not make its hash"


def digest_of(parts: list[Any]) -> str:
    """SHA-256 of values as Signalbox hashes them."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
