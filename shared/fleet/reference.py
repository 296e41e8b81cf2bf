"""The reference of the fleet file, made of its schema: `python -m shared.fleet.reference` writes it."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from shared.fleet.json_schema import fleet_schema, made_schema

#: The committed page.
REFERENCE_FILE: Final = Path(__file__).parents[2] / "docs" / "fleet-reference.md"

_HEAD: Final = """\
# The fleet file, key by key

Made of the schema that reads fleet files; do not edit it (`python -m shared.fleet.reference` writes it). What belongs
together, and a whole file, is told in [the fleet file](fleet.md). Keys in **bold** are required. In an entry of
`environments` nothing is required: it says only what differs.
"""
_COLUMNS: Final = "| key | type | without it | example | what it says |\n|---|---|---|---|---|\n"
#: What the sections are called where they hold others: `sources` holds entries like this one.
_TITLES: Final = {
    "TeamSpec": "`team`",
    "SourceSpec": "An entry of `sources`",
    "DatasetSpec": "An entry of `datasets`",
    "WaitSpec": "`wait` of a dataset",
    "QualitySpec": "`quality` of a dataset",
    "ModelSpec": "An entry of `models`",
    "TrainSpec": "`train` of a model",
    "BaselineSpec": "`baseline` of a model",
    "ServeSpec": "`serve` of a model",
    "GateSpec": "An entry of `gates`",
    "ReleaseSpec": "`release`",
    "CanarySpec": "`canary` of a release",
    "AnalysisSpec": "`analysis` of a release",
    "ShadowSpec": "`shadow` of a release",
    "ApprovalSpec": "`approval` of a release",
    "FreezeSpec": "An entry of `freeze` of a release",
    "RollbackSpec": "`rollback` of a release",
    "ConditionSpec": "A condition of a rollback",
    "ScheduleSpec": "`schedule`",
    "RetrainSpec": "`retrain`",
    "RetentionSpec": "`retention`",
    "OverrideSpec": "An entry of `overrides`",
    "GateBoundSpec": "A bound of an override",
}
#: What texts of a form are called, by the end of the form's pattern.
_FORMS: Final = {
    "[mh]$": "duration, `90m` or `2h`",
    "[smh]$": "duration, `30s`, `90m` or `2h`",
    "d$": "days, `60d`",
    "(d|w|periods?)$": "`2w`, `14d` or `3 periods`",
    "%\\s*$": "`1%`",
    "?%$": "`1%`",
    "(s|ms)$": "`200ms`",
    "(%|s|ms)$": "`45%` or `200ms`",
}


def reference_text() -> str:
    """The page.

    Raises:
        KeyError: A part of the schema has no title here.
    """
    schema, kept = fleet_schema(), made_schema()
    parts, raw = schema["$defs"], kept["$defs"]
    sections = [_HEAD, _section("The file", schema, kept, parts)]
    for name, title in _TITLES.items():
        sections.append(_section(title, parts[name], raw[name], parts))
    unnamed = {name for name in parts if not name.endswith("InEnvironment")} - set(_TITLES)
    if unnamed:
        raise KeyError(f"give a title to {sorted(unnamed)}")
    return "\n".join(sections)


# ── How ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _section(title: str, part: Mapping[str, Any], kept: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    held, raw = _object_of(part), _object_of(kept)
    about = "" if title == "The file" else f"{_line(held.get('description') or part.get('description') or '')}\n\n"
    if held is not part:  # a choice: the other ones are words
        about += f"{_type({'anyOf': [one for one in part['anyOf'] if one is not held]}, parts)}, or a mapping:\n\n"
    rows = "".join(
        _row(key, value, raw["properties"][key], key in held.get("required", ()), parts)
        for key, value in held["properties"].items()
    )
    return f"## {title}\n\n{about}{_COLUMNS}{rows}"


def _object_of(part: Mapping[str, Any]) -> Mapping[str, Any]:
    return part if "properties" in part else next(one for one in part["anyOf"] if "properties" in one)


def _row(key: str, value: Mapping[str, Any], kept: Mapping[str, Any], required: bool, parts: Mapping[str, Any]) -> str:
    said = value.get("description") or parts[value["$ref"].rpartition("/")[2]]["description"]
    name = f"**`{key}`**" if required else f"`{key}`"
    without = "required" if required else _default(value, kept)
    cells = (name, _type(value, parts), without, f"`{_yaml(_example(value, parts))}`", _line(said))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _type(value: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    """What may be written, for a person."""
    if "$ref" in value:
        title = _TITLES[value["$ref"].rpartition("/")[2]]
        return f"[{title.replace('`', '').lower()}](#{_anchor(title)})"
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(_type(one, parts) for one in value["anyOf"]))
    words = value.get("enum") or ([value["const"]] if "const" in value else [])
    return ", ".join(f"`{word}`" for word in words) or _kind(value, parts)


def _kind(value: Mapping[str, Any], parts: Mapping[str, Any]) -> str:
    more = value.get("additionalProperties")
    told = {
        "string": _text(value),
        "integer": f"whole number{_bounds(value)}",
        "number": f"number{_bounds(value)}",
        "boolean": "`true` or `false`",
        "object": f"names, each with {_type(more, parts)}" if isinstance(more, dict) else "mapping",
    }
    name = value["type"] if isinstance(value["type"], str) else value["type"][0]  # the other one is `null`
    if name != "array":
        return told[name]
    items = _type(value["items"], parts)
    return f"list of ({items})" if " or " in items else f"list of {items}"


def _text(value: Mapping[str, Any]) -> str:
    if value.get("format") == "date":
        return "date, `2027-01-31`"
    pattern = value.get("pattern", "")
    return next((told for end, told in sorted(_FORMS.items(), key=_longest) if pattern.endswith(end)), "text")


def _longest(form: tuple[str, str]) -> int:
    return -len(form[0])


def _bounds(value: Mapping[str, Any]) -> str:
    least, most = value.get("minimum"), value.get("maximum")
    if least is not None and most is not None:
        return f", {least} to {most}"
    return f", {least} or more" if least is not None else ""


def _default(value: Mapping[str, Any], kept: Mapping[str, Any]) -> str:
    """What holds where the key is left out, as it would be written."""
    default = kept.get("default")
    return "nothing" if default in (None, [], {}) else f"`{_written(default, str(value.get('pattern', '')))}`"


def _written(default: Any, pattern: str) -> str:
    """A default as a file would have it: two hours are kept as 120 minutes."""
    if isinstance(default, list | tuple) and pattern:
        return " ".join(map(str, default))
    if isinstance(default, list | tuple):
        return f"[{', '.join(f'{one}%' for one in default)}]"
    if pattern.endswith("d$"):
        return f"{default}d"
    if pattern.endswith("h]$"):
        hours, minutes = divmod(int(default), 60)
        return f"{minutes}m" if minutes else f"{hours}h"
    if isinstance(default, float):
        return f"{default * 100:g}%"
    return str(default).lower() if isinstance(default, bool) else str(default)


def _example(value: Mapping[str, Any], parts: Mapping[str, Any]) -> Any:
    """The field's own example; of a section, what an entry cannot do without."""
    if value.get("examples"):
        return value["examples"][0]
    if "$ref" in value:
        part = parts[value["$ref"].rpartition("/")[2]]
        wanted = part.get("required") or list(part["properties"])[:1]
        return {key: _example(part["properties"][key], parts) for key in wanted}
    if value.get("type") == "array":
        return [_example(value["items"], parts)]
    return {"NAME": _example(value["additionalProperties"], parts)}


def _yaml(value: Any) -> str:
    """A value as it stands in a line of YAML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str) and _reads_as(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _reads_as(text: str) -> bool:
    """Whether a text may stand without quotes; a date is one of the values that are written without."""
    import yaml  # noqa: PLC0415 - as in `located_yaml`

    try:
        read = yaml.safe_load(f"{{key: {text}}}")["key"]
    except (yaml.YAMLError, TypeError):
        return False
    return read == text or isinstance(read, date)


def _line(text: str) -> str:
    return " ".join(text.split())


def _anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    kept = "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")


if __name__ == "__main__":
    REFERENCE_FILE.write_text(reference_text())
