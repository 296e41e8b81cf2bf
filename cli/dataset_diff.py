"""How one dataset version differs from another, in words: from their manifests, and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

#: Counts of rows, by their name in a manifest, and as they are said.
COUNTS: Final = {
    "rows_in": "rows read",
    "rows_out": "rows written",
    "rejected": "rejected",
    "filtered": "filtered",
    "deduplicated": "deduplicated",
    "aggregated": "merged into groups",
    "custom": "left out by custom steps",
}
_HASH: Final = 12
#: Things of one kind that are named; the others are counted.
_NAMED: Final = 20
_QUANTILES: Final = {"p5": "5 % quantile", "p50": "median", "p95": "95 % quantile"}

type Json = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """Something in which two versions differ.

    Attributes:
        source: The source that it is of; empty when it is of the whole version.
        kind: `version`, `sources`, `files`, `recipe`, `columns`, `rows` or `profile`.
        text: For a person.
    """

    source: str
    kind: str
    text: str


def differences(first: Json, second: Json) -> list[Difference]:
    """What is different in the second of two versions.

    Args:
        first: A manifest.
        second: Another one.
    """
    return [*_whole(first, second), *_sources(first, second)]


def _whole(first: Json, second: Json) -> Iterator[Difference]:
    for name, said in {"dataset": "dataset", "cell": "cell", "made_by": "made by"}.items():
        if first.get(name) != second.get(name):
            yield Difference("", "version", f"{said}: {_said(first.get(name))} → {_said(second.get(name))}")
    before, after = (manifest.get("warnings", ()) for manifest in (first, second))
    yield from (Difference("", "version", f"no warning any more: {one}") for one in before if one not in after)
    yield from (Difference("", "version", f"a new warning: {one}") for one in after if one not in before)


def _sources(first: Json, second: Json) -> Iterator[Difference]:
    before, after = ({one["source"]: one for one in manifest["sources"]} for manifest in (first, second))
    for name in before.keys() - after.keys():
        yield Difference(name, "sources", "this source is gone")
    for name, source in after.items():
        if name not in before:
            yield Difference(name, "sources", f"this source is new: {source['rows_out']:,} rows")
            continue
        for kind, find in _KINDS.items():
            for text in find(before[name], source):
                yield Difference(name, kind, text)


def _files(before: Json, after: Json) -> Iterator[str]:
    old, new = ({one["raw"]["path"]: one for one in source["files"]} for source in (before, after))
    yield from _named("gone", [path for path in old if path not in new])
    yield from _named("new", [path for path in new if path not in old])
    both = [path for path in new if path in old]
    yield from _named("replaced", [path for path in both if old[path]["raw_sha256"] != new[path]["raw_sha256"]])
    same = [path for path in both if old[path]["raw_sha256"] == new[path]["raw_sha256"]]
    again = [path for path in same if old[path]["raw"]["etag"] != new[path]["raw"]["etag"]]
    yield from _named("delivered again with the same bytes", again)


def _named(what: str, paths: list[str]) -> Iterator[str]:
    yield from (f"{path} is {what}" for path in paths[:_NAMED])
    if len(paths) > _NAMED:
        yield f"{len(paths) - _NAMED} more files are {what}"


def _recipe(before: Json, after: Json) -> Iterator[str]:
    old, new = before["recipe_sha256"], after["recipe_sha256"]
    if old != new:
        yield f"the recipe is another one: {old[:_HASH]} → {new[:_HASH]}"


def _columns(before: Json, after: Json) -> Iterator[str]:
    old, new = before["columns"], after["columns"]
    yield from (f"column {name} is gone" for name in old if name not in new)
    yield from (f"column {name} is new: {type_}" for name, type_ in new.items() if name not in old)
    for name, type_ in new.items():
        if old.get(name, type_) != type_:
            yield f"column {name} was {old[name]} and is {type_}"
    if list(old) != list(new) and set(old) == set(new):
        yield f"the order of the columns is another one: {', '.join(new)}"


def _rows(before: Json, after: Json) -> Iterator[str]:
    for name, said in COUNTS.items():
        if before.get(name, 0) != after.get(name, 0):
            yield f"{said}: {_changed(before.get(name, 0), after.get(name, 0))}"
    for name, said in (("reasons", "rejected by"), ("warned", "warned by"), ("failed", "failed by")):
        old, new = before.get(name, {}), after.get(name, {})
        for rule in sorted(old.keys() | new.keys()):
            if old.get(rule, 0) != new.get(rule, 0):
                yield f"{said} {rule}: {_changed(old.get(rule, 0), new.get(rule, 0))}"


def _profile(before: Json, after: Json) -> Iterator[str]:
    old, new = ((source.get("profile") or {}).get("columns", {}) for source in (before, after))
    for name in new:
        if name in old:
            yield from (f"{name}: {text}" for text in _figures(old[name], new[name]))


def _figures(old: Json, new: Json) -> Iterator[str]:
    shares = [one["nulls"] / max(one["nulls"] + one["count"], 1) for one in (old, new)]
    if shares[0] != shares[1]:
        yield f"nulls {shares[0]:.2%} → {shares[1]:.2%}"
    if old.get("personal") or new.get("personal"):
        return
    for name, said in {"min": "smallest", "max": "largest", "mean": "mean", "distinct": "distinct values"}.items():
        if old.get(name) != new.get(name):
            yield f"{said} {_changed(old.get(name), new.get(name))}"
    for name, said in _QUANTILES.items():
        one, other = (profile.get("quantiles", {}).get(name) for profile in (old, new))
        if one != other:
            yield f"{said} {_changed(one, other)}"
    most = [next((top["value"] for top in profile.get("top", ())), None) for profile in (old, new)]
    if most[0] != most[1] and old["type"] in ("text", "boolean"):
        yield f"most frequent value {_said(most[0])} → {_said(most[1])}"


def _changed(old: Any, new: Any) -> str:
    """`8,900 → 9,000 (+1.1 %)`."""
    text = f"{_said(old)} → {_said(new)}"
    if isinstance(old, int | float) and isinstance(new, int | float) and old and not isinstance(old, bool):
        return f"{text} ({(new - old) / abs(old):+.1%})"
    return text


def _said(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return " ".join(f"{name}={one}" for name, one in value.items()) or "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


_KINDS: Final = {"files": _files, "recipe": _recipe, "columns": _columns, "rows": _rows, "profile": _profile}
