"""``signalbox ledger export``: what an auditor takes along, and verifies without Signalbox."""

import json
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

import httpx

from cli.asking import fetch
from cli.failures import CommandError
from cli.paths import api_path
from cli.printing import say
from cli.showing import show_answer
from cli.story_text import seal, sections
from shared.contracts.ledger import LedgerRow
from shared.lineage.ledger import hashed

type Json = dict[str, Any]

#: What is the same in every pack.
_FIXED: Final = ("README.txt", "verify.py")
_PARTS: Final = 4  # of a manifest's path: datasets/NAME/VERSION/manifest.json


def export_pack(url: str, key: str, model: str, to: Path, *, as_json: bool) -> int:
    """Write the evidence pack of a model; gives the exit code."""

    def export(client: httpx.Client) -> Json:
        """Where the pack is, and what is in it."""
        if to.exists() and not (to.is_dir() and not any(to.iterdir())):
            raise CommandError("exists", f"{to} exists", "name a new folder, or a new file ending in .zip")
        files = _pack(client, model)
        try:
            _write(files, to)
        except OSError as error:
            told = f"{to} cannot be written: {error.strerror or error}; nothing of it is left there"
            raise CommandError("not-written", told, "name another place by --to") from error
        return {"to": str(to), "files": sorted(files)}

    return show_answer(url, key, export, _print, as_json=as_json)


def _print(found: Json) -> None:
    say(f"{found['to']}: {len(found['files'])} files; `python3 -I verify.py` in it verifies them")


def _pack(client: httpx.Client, model: str) -> dict[str, bytes]:
    """The files of a pack, by name."""
    why = fetch(client, "GET", api_path("models", model, "why"))  # first: it refuses a model that is not known
    # Anchors before rows: what is appended and anchored in between would be missing in rows that were read before.
    anchors = fetch(client, "GET", "/api/ledger/anchors", params={"model": model})["anchors"]
    ledger = fetch(client, "GET", api_path("models", model, "ledger"))
    rows = [LedgerRow.from_wire(row) for row in ledger["rows"]]
    lines = [_canonical({**hashed(row), "hash": row.hash}) for row in rows]
    heads = {
        "model": model,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "head": ledger["head"],
        "anchors": [
            {"path": one["path"], "sha256": one["sha256"], **one["heads"][model]}
            for one in anchors
            if model in one.get("heads", {})
        ],
        "findings": why["findings"],
    }
    fixed = {name: (Path(__file__).parent / "evidence" / name).read_bytes() for name in _FIXED}
    return {
        **fixed,
        "ledger.jsonl": "".join(f"{line}\n" for line in lines).encode(),
        "heads.json": json.dumps(heads, indent=1).encode(),
        "story.md": _story(why).encode(),
        **_manifests(client, rows),
    }


def _manifests(client: httpx.Client, rows: list[LedgerRow]) -> dict[str, bytes]:
    """The manifests that rows name and that are still there, byte by byte as the app has written them."""
    found: dict[str, bytes] = {}
    for row in rows:
        origin = row.entry.facts.get("origin")
        path = str(origin.get("manifest") or "") if isinstance(origin, Mapping) else ""
        parts = path.split("/")
        if len(parts) != _PARTS or f"manifests/{parts[2]}.json" in found:
            continue
        answer = client.get(api_path("datasets", parts[1], parts[2]))
        if answer.status_code != httpx.codes.NOT_FOUND:
            manifest = answer.raise_for_status().json()["manifest"]
            found[f"manifests/{parts[2]}.json"] = json.dumps(manifest, indent=2).encode()
    return found


def _story(why: Json) -> str:
    lines = [f"# {why['model']}", "", why["summary"]]
    for section in sections(why, every=True):
        lines += ["", f"## {section.title}", ""]
        lines += [f"- {line.strip()}" for line in section.lines]
    lines += ["", seal(why), "", *(f"- {finding}" for finding in why["findings"])]
    return "\n".join(lines).rstrip() + "\n"


def _write(files: Mapping[str, bytes], to: Path) -> None:
    """All of it, or nothing: half a pack would be in the way of the next try, or be taken for a whole one."""
    with ExitStack() as undo:
        if to.suffix == ".zip":
            to.parent.mkdir(parents=True, exist_ok=True)
            with to.open("xb") as opened:
                undo.callback(to.unlink)
                _write_zip(files, opened)
        else:
            to.mkdir(parents=True, exist_ok=True)
            undo.callback(_empty, to)
            _write_folder(files, to)
        undo.pop_all()


def _write_zip(files: Mapping[str, bytes], opened: BinaryIO) -> None:
    with zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as pack:
        for name, content in files.items():
            pack.writestr(name, content)


def _write_folder(files: Mapping[str, bytes], to: Path) -> None:
    for name, content in files.items():
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _empty(folder: Path) -> None:
    """Empty a folder that was empty before, so that it can be named again."""
    for child in folder.iterdir():
        shutil.rmtree(child) if child.is_dir() else child.unlink()


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
