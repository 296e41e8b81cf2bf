"""A model's story as titled lines, for the terminal and for a file alike."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

type Json = dict[str, Any]

_RAW: Final = 4  # raw files of a source that are named
_RUNS: Final = 10  # earlier runs that are named
_HASH: Final = 12  # characters of a hash that are shown


@dataclass
class Section:
    """Lines under a title; `more` are what only `--all` would show."""

    title: str
    lines: list[str] = field(default_factory=list)
    more: int = 0


def sections(why: Json, *, every: bool) -> list[Section]:
    """The story behind the summary.

    Args:
        why: What the app tells.
        every: Every run and every raw file in full.
    """
    found = []
    if why["trail"] is not None:
        found.append(_origin(why["trail"], every=every))
    shown = _shown(why, every=every)
    steps = {step["row"]: step for step in why["story"]}
    for run in shown:
        lines = [_step(steps[row]) for row in run["rows"] if row in steps]
        found.append(Section(f"{_kind(run)} {run['by']}", lines))
    others = [run for run in why["runs"] if run not in shown]
    if others:
        told = others[-_RUNS:]
        found.append(Section("Other runs", [_one_line(run) for run in told], len(others) - len(told)))
    return found


def seal(why: Json) -> str:
    """Whether the story can be relied on."""
    if not why["verified"]:
        return "THE LEDGER IS NOT AS IT WAS WRITTEN."
    anchored = why["anchored"]
    against = f"and agrees with {anchored['by']}" if anchored else "and no anchor has been taken yet"
    return f"The hash chain of {len(why['story'])} rows is unbroken, {against}."


def moment(text: str) -> str:
    """A time to the second, as it is in the ledger, in UTC."""
    return text[:19].replace("T", " ")


def _shown(why: Json, *, every: bool) -> list[Json]:
    """The runs in full: the training of the version that the story is about, and its newest release."""
    runs: list[Json] = why["runs"]
    if every or why["trail"] is None:
        return runs if every else runs[-1:]
    trail = why["trail"]
    training = next((run for run in runs if trail["row"] in run["rows"]), None)
    releases = [run for run in runs if run["kind"] == "Release" and run["version"] == trail["version"]]
    return [run for run in (training, *releases[-1:]) if run is not None]


def _origin(trail: Json, *, every: bool) -> Section:
    section = Section(f"Where version {trail['version']} comes from")
    for line, more in _raw(trail["raw"], every=every):
        section.lines.append(line)
        section.more += more
    manifest = f", manifest {trail['manifest']} ({_short(trail['manifest_sha256'])})" if trail["manifest"] else ""
    environments = ", ".join(trail["environments"] or ()) or "unknown"
    images = ", ".join(trail.get("images") or ()) or "unknown"
    section.lines += [
        f"dataset version {_known(trail['dataset'])}{manifest}",
        f"fleet file revision {_known(trail['fleet_revision'])}, git commit {_known(trail['git_commit'])}",
        f"trained by job {_known(trail['job'])}, pipeline {_known(trail['pipeline'])}, on {_known(trail['platform'])}",
        f"environment {environments}, as the pipeline names it; it ran in {images}",
        f"registered as run {_known(trail['run'])}, model files {_short(trail['artifact_sha256'])}",
    ]
    if isinstance(trail["baseline"], dict):
        baseline = trail["baseline"]
        section.lines.append(f"compared with {baseline.get('model')}, version {baseline.get('version')}")
    section.lines += [_gate(gate) for gate in trail["gates"] or () if isinstance(gate, dict)]
    return section


def _raw(files: Sequence[Json] | None, *, every: bool) -> Iterator[tuple[str, int]]:
    """A line per raw file and how many more there are, by source."""
    if files is None:
        yield "raw files unknown: no manifest of the dataset version can be read", 0
    for source in dict.fromkeys(one["source"] for one in files or ()):
        of_source = [one for one in files or () if one["source"] == source]
        told = of_source if every else of_source[-_RAW:]
        counted = "one raw file" if len(of_source) == 1 else f"{len(of_source)} raw files"
        yield f"{source}: {counted}, recipe {_short(of_source[0]['recipe_sha256'])}", 0
        for number, one in enumerate(told):
            more = len(of_source) - len(told) if number == 0 else 0
            yield f"  {one.get('url') or one['path']}, {_version(one)}, {_short(one['sha256'])}", more


def _version(raw: Json) -> str:
    """Which version of a raw blob: by its id where the account keeps versions, and else by its ETag."""
    known = raw.get("version")
    return f"version {known}" if known else f"ETag {raw['etag']} (no version kept)"


def _gate(gate: Json) -> str:
    verdict = "passed" if gate.get("passed") else "FAILED"
    by = " BY EXCEPTION" if gate.get("override") else ""
    return f"gate {gate.get('gate')} {verdict}{by}: {gate.get('reason')}"


def _step(step: Json) -> str:
    return f"{moment(step['at'])}  {step['what']}: {step['reason']}"


def _one_line(run: Json) -> str:
    return f"{moment(run['at'])}  {run['what']}: {run['reason']}"


def _kind(run: Json) -> str:
    return str(run["kind"] or run["what"])


def _known(value: Any) -> str:
    return "unknown" if value is None else str(value)


def _short(digest: str | None) -> str:
    return "unknown" if digest is None else f"sha256 {digest[:_HASH]}…"
