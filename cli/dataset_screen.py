"""Dataset versions on the screen."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from cli.dataset_diff import COUNTS, Difference
from cli.printing import cell, say, show, table

type Json = dict[str, Any]

_HASH: Final = 12  # characters of a hash that are shown
_PATHS: Final = 5  # files in quarantine that are named
_TOP: Final = 3  # most frequent values that are shown
_FIGURES: Final = 6  # significant digits of a figure
_RULES: Final = {"reasons": "rejected by", "warned": "warned by", "failed": "failed by"}


def print_versions(found: Sequence[Json]) -> None:
    """Versions by dataset."""
    if not found:
        say("the fleets of this app have no datasets")
    for one in found:
        title = f"{one['fleet']}/{one['dataset']}"
        if not one["versions"]:
            say(f"{title} has no version yet: it is made when the files of a cell have landed")
            continue
        say(f"{title}:")
        listed = table("version", "cell", "rows", "rejected", "made (UTC)", "", whole="version")
        for version in one["versions"]:
            listed.add_row(
                cell(version["version"]), cell(_labels(version["cell"])), cell(f"{version['rows']:,}"),
                cell(f"{version['rejected']:,}"), cell(_minute(version["at"])),
                cell("" if version["present"] else "replaced", "dim"),
            )  # fmt: skip
        show(listed)
        if one["more"]:
            say(f"there are more: --limit shows more than {len(one['versions'])}")


def print_version(found: Json) -> None:
    """All that is known of a version."""
    manifest = found["manifest"]
    say(f"{manifest['version']}: dataset {manifest['dataset']}, {_labels(manifest['cell'])}")
    for place in found["published"]:
        standing = "the present version of its cell" if place["present"] else "replaced by another version"
        say(f"published {_minute(place['at'])} UTC in fleet {place['fleet']}, {standing}")
    say(f"{manifest['rows']:,} rows, {manifest['rejected']:,} rejected")
    if "made_by" in manifest:  # older ones do not say
        say("made by " + ", ".join(f"{what} {version}" for what, version in manifest["made_by"].items()))
    for warning in manifest.get("warnings", ()):
        say(f"warning: {warning}")
    for source in manifest["sources"]:
        _print_source(source)


def print_differences(first: str, second: str, found: Sequence[Difference]) -> None:
    """Differences, by source."""
    say(f"{first} → {second}")
    if not found:
        say("nothing differs: the same files and recipes, and the same rows")
    source = ""
    for one in found:
        if one.source != source:
            source = one.source
            say(source)
        say(f"  {one.text}" if source else one.text)


def _print_source(source: Json) -> None:
    say("")
    say(f"source {source['source']}, recipe {source['recipe_sha256'][:_HASH]}")
    files = table("file", "eTag", "hash", "rows in", "rows out", "rejected")
    for file in source["files"]:
        raw = file["raw"]
        counts = (f"{file[name]:,}" for name in ("rows_in", "rows_out", "rejected"))
        files.add_row(*map(cell, (raw["path"], raw["etag"], file["raw_sha256"][:_HASH], *counts)))
    show(files)
    rejected = [file["quarantine"] for file in source["files"] if file["quarantine"]]
    for path in rejected[:_PATHS]:
        say(f"rejected rows: signalbox quarantine show {path}")
    if len(rejected) > _PATHS:
        say(f"of {len(rejected) - _PATHS} more files: signalbox quarantine show --source {source['source']}")
    became = [f"{source[name]:,} {said}" for name, said in COUNTS.items() if source.get(name) or name == "rows_in"]
    say(", ".join(became))
    for name, said in _RULES.items():
        if source.get(name):
            rules = sorted(source[name].items(), key=lambda one: (-one[1], one[0]))
            say(f"{said} " + ", ".join(f"{rule} ({count:,})" for rule, count in rules))
    table_quarantine = (source.get("table") or {}).get("quarantine")
    if table_quarantine:
        say(f"rejected over all files together: signalbox quarantine show {table_quarantine}")
    if source.get("gaps"):
        say(f"nothing has landed of {', '.join(source['gaps'])}")
    if source.get("earlier"):
        say("these are files of an earlier period, in place of those that did not come in time")
    _print_profile(source)


def _print_profile(source: Json) -> None:
    profile = source.get("profile") or {}
    of = profile.get("columns", {})
    listed = table("column", "type", "nulls", "min", "p25", "p50", "p75", "max", "mean", "distinct", "most frequent")
    for name, type_ in source["columns"].items():
        listed.add_row(cell(name), cell(type_), *(cell(value) for value in _figures(of.get(name))))
    show(listed)
    error = max((column.get("standard_error", 0) for column in of.values()), default=0)
    if error:
        rows = f"{profile['sample']:,} rows"
        say(f"quantiles and most frequent values are from {rows}, so that shares are right within {error:.1%}")


def _figures(column: Json | None) -> Iterator[str]:
    """The cells of a column's row after its name and type."""
    if column is None:
        return
    yield f"{column['nulls']:,}"
    if column.get("personal"):
        yield "personal"
        return
    quantiles = column.get("quantiles") or {}
    for value in (column["min"], *(quantiles.get(name) for name in ("p25", "p50", "p75")), column["max"]):
        yield figure(value)
    yield figure(column.get("mean"))
    yield f"{'about ' if column['distinct_error'] else ''}{column['distinct']:,}"
    yield ", ".join(f"{figure(one['value'])} ({one['count']:,})" for one in column["top"][:_TOP])


def figure(value: Any) -> str:
    """A value of a profile, in short."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.{_FIGURES}g}" if isinstance(value, float) else str(value)


def _labels(cell_: Json) -> str:
    return " ".join(f"{label}={value}" for label, value in cell_.items()) or "without labels"


def _minute(instant: str) -> str:
    return instant[:16].replace("T", " ")
