"""What a registry keeps beside a version for whoever looks there: why it is, or is not, in production, as Markdown.

It is the content of `signalbox why MODEL@VERSION`, the most important first: registries cut it at its end.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.contracts.ledger import LedgerRow
from shared.contracts.registry import ROWS_TAG, VersionNote
from shared.lineage.production import of_version
from shared.lineage.standing import moment, standing
from shared.lineage.story import title_of
from shared.lineage.trail import trail

#: Tag of a version and of its run: the page that tells all of it.
LINK_TAG: Final = "signalbox.why"
#: Gates, raw files of a source, and steps that are named.
_GATES: Final = 12
_STEPS: Final = 12
#: Characters of a hash that are shown, of one line, and of one of many: each list is to leave room for the next one.
_HASH: Final = 12
_LINE: Final = 400
_SHORT_LINE: Final = 200
#: What a registry's page makes a link of wherever it stands: an address, or one of mail.
_ADDRESS: Final = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]*://|\bmailto:|\bwww\.|[\w.+-]+@[\w-]+\.)[^\s<>()\[\]{}\"'`,;|]*(?<![.:!?])", re.IGNORECASE
)


def version_note(
    model: str,
    version: str,
    rows: Sequence[LedgerRow],
    manifest: Mapping[str, Any] | None = None,
    link: str | None = None,
) -> VersionNote:
    """What is to be read of a version in the registry.

    Args:
        model: Its name.
        version: Of the model.
        rows: The model's ledger, oldest first.
        manifest: Of the dataset version that it was trained on, where that can be read.
        link: The page of the model, where the app has an address.
    """
    text = "\n".join(_lines(model, version, rows, manifest, link))
    tags = {ROWS_TAG: str(len(rows))}
    return VersionNote(text=text, tags=tags if link is None else {LINK_TAG: link, **tags})


def _lines(
    model: str, version: str, rows: Sequence[LedgerRow], manifest: Mapping[str, Any] | None, link: str | None
) -> Iterator[str]:
    way = trail(version, rows, manifest)
    last = f" (row {rows[-1].sequence}, {moment(rows[-1].entry.at)})" if rows else ""
    yield f"Told from the ledger of {model}{last}; `signalbox why {model}@{version}` tells all of it."
    if link is not None:
        yield from ("", f"All of it: {link}")
    yield ""
    yield f"**{_plain(standing(model, version, rows), _LINE)}**"
    yield from _listed("Gates", [_plain(_gate(one), _SHORT_LINE) for one in _gates(way["gates"])], _GATES)
    steps = [_plain(step, _SHORT_LINE) for step in _steps(version, rows)]
    yield from _listed("What was done to it, newest first", steps[::-1], _STEPS)
    yield from _listed("Where it comes from", [_plain(line, _LINE) for line in _origin(way)], None)


def _listed(title: str, lines: Sequence[str], most: int | None) -> Iterator[str]:
    """A titled list; of more lines than that the first ones."""
    told = lines[:most]
    if told:
        left = len(lines) - len(told)
        yield from ("", f"{title}:" if not left else f"{title} ({left} more after these):", "")
    for line in told:
        yield f"- {line}"


def _gates(told: Any) -> list[Mapping[str, Any]]:
    return [gate for gate in told if isinstance(gate, Mapping)] if isinstance(told, list) else []


def _gate(gate: Mapping[str, Any]) -> str:
    name, reason = f"{gate.get('gate')}: ", str(gate.get("reason"))
    verdict = "passed" if gate.get("passed") else "not passed"
    by = ", by an exception" if gate.get("override") else ""
    return f"{name}{reason.removeprefix(name)} ({verdict}{by})"


def _origin(way: Mapping[str, Any]) -> Iterator[str]:
    raw = way["raw"]
    if raw is None:
        yield "raw files: unknown, since no manifest of the dataset version can be read"
    for source in dict.fromkeys(one["source"] for one in raw or ()):
        files = [one for one in raw if one["source"] == source]
        newest = files[-1]
        where = newest["url"] or newest["path"]
        which = f"version {newest['version']}" if newest["version"] else f"ETag {newest['etag']}"
        files_told = "one raw file" if len(files) == 1 else f"{len(files)} raw files, the last one"
        yield f"{source}: {files_told} {where} ({which}, {_short(newest['sha256'])})"
    yield f"dataset version {_known(way['dataset'])}, manifest {_short(way['manifest_sha256'])}"
    yield f"fleet file revision {_known(way['fleet_revision'])}, git commit {_known(way['git_commit'])}"
    yield f"job {_known(way['job'])} of pipeline {_known(way['pipeline'])}, on {_known(way['platform'])}"
    images = way["images"] if isinstance(way["images"], list) else []
    yield f"environment {', '.join(map(str, images or way['environments'] or ())) or 'unknown'}"
    yield f"model files {_short(way['artifact_sha256'])}"


def _steps(version: str, rows: Sequence[LedgerRow]) -> Iterator[str]:
    for row in of_version(version, rows):
        yield f"{moment(row.entry.at)}, {title_of(row.entry.effect)}: {row.entry.reason}"


def _plain(text: str, most: int) -> str:
    """One line, cut between words, of which Markdown makes no link and HTML no tag; addresses are to be read as code.

    Nothing of the text can end that code, since a backtick becomes an apostrophe, or begin a link, an image or a
    reference: brackets are escaped. Before a tag, or `<https://...>`, a space makes the sign a mere sign.
    """
    line = " ".join(text.split()).replace("`", "'")
    if len(line) > most:
        line = f"{line[:most].rpartition(' ')[0] or line[: most - 1]}…"
    parts, end = [], 0
    for address in _ADDRESS.finditer(line):
        parts += [_escaped(line[end : address.start()]), f"`{address.group()}`"]
        end = address.end()
    return "".join((*parts, _escaped(line[end:])))


def _escaped(text: str) -> str:
    """Text in which brackets are mere signs; an opening angle stands alone."""
    return re.sub(r"<(?! )", "< ", re.sub(r"([\\\[\]])", r"\\\1", text))


def _known(value: Any) -> str:
    return "unknown" if value is None else str(value)


def _short(digest: Any) -> str:
    return "sha256 unknown" if not isinstance(digest, str) else f"sha256 {digest[:_HASH]}…"
