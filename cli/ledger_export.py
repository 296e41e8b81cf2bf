"""``signalbox ledger export``: what an auditor takes along, and verifies without Signalbox."""

import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx

from cli.asking import asking, fetch
from cli.failures import CommandError
from cli.paths import api_path
from cli.printing import print_json, say
from cli.story_text import seal, sections
from shared.contracts.ledger import LedgerRow
from shared.lineage.ledger import hashed

type Json = dict[str, Any]

#: What is the same in every pack.
_FIXED: Final = ("README.txt", "verify.py")
_PARTS: Final = 4  # of a manifest's path: datasets/NAME/VERSION/manifest.json


def export_pack(url: str, key: str, model: str, to: Path, *, as_json: bool) -> int:
    """Write the evidence pack of a model; gives the exit code."""

    def export(client: httpx.Client) -> int:
        if to.exists() and not (to.is_dir() and not any(to.iterdir())):
            raise CommandError("exists", f"{to} exists", "name a new folder, or a new file ending in .zip")
        files = _pack(client, model)
        try:
            _write(files, to)
        except OSError as error:
            raise CommandError("not-written", f"{to} cannot be written: {error}") from error
        if as_json:
            print_json({"to": str(to), "files": sorted(files)})
        else:
            say(f"{to}: {len(files)} files; `python3 -I verify.py` in it verifies them")
        return 0

    return asking(url, key, export)


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
    if to.suffix == ".zip":
        to.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(to, "x", zipfile.ZIP_DEFLATED) as pack:
            for name, content in files.items():
                pack.writestr(name, content)
        return
    for name, content in files.items():
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
