"""The JSON Schema of fleet files, made of the models that read them: `python -m shared.fleet.json_schema` writes it.

An editor that knows it completes and explains each key. It says what may be written; whether the entries fit each
other is said by `signalbox fleet check`.
"""

import json
from pathlib import Path
from typing import Any, Final

from pydantic import create_model

from shared.fleet.data_schema import DatasetSpec, SourceSpec
from shared.fleet.gate_schema import GateSpec, OverrideSpec
from shared.fleet.model_schema import ModelSpec
from shared.fleet.schema import FleetSpec, ReleaseSpec, RetentionSpec, RetrainSpec, ScheduleSpec, TeamSpec

#: The committed schema, which the first line of a fleet file names.
SCHEMA_FILE: Final = Path(__file__).parents[2] / "schemas" / "fleet.schema.json"
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
#: An environment says only what differs: nothing is required in it, and what is empty is taken away.
_OVERLAY: Final = "InEnvironment"
_FOR_PYTHON: Final = ("title", "default", "examples")
_SIZES: Final = ("required", "oneOf", "minProperties", "minItems")


#: What the sections hold; `FleetSpec` leaves it open, since their entries are read one by one.
_SECTIONS: Final[dict[str, Any]] = {
    "team": TeamSpec,
    "sources": dict[str, SourceSpec],
    "datasets": dict[str, DatasetSpec],
    "models": dict[str, ModelSpec],
    "gates": dict[str, GateSpec],
    "release": ReleaseSpec,
    "schedule": ScheduleSpec,
    "retrain": RetrainSpec,
    "retention": RetentionSpec,
    "overrides": list[OverrideSpec],
}


def fleet_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of what may be written in a fleet file."""
    sections: dict[str, Any] = {name: (held, FleetSpec.model_fields[name]) for name, held in _SECTIONS.items()}
    made = create_model("Fleet", __base__=FleetSpec, **sections).model_json_schema()
    parts = {name: _for_editors(part) for name, part in made.pop("$defs").items()}
    fleet: dict[str, Any] = _for_editors(made)
    fleet["required"] += ["gates"]  # the model takes a file without, to say more about it than that it is missing
    fleet["properties"]["environments"]["additionalProperties"] = _environment(fleet["properties"])
    head = {
        "$schema": _DIALECT,
        "title": "Signalbox fleet file",
        "description": str(FleetSpec.__doc__).partition("\n")[0],
    }
    return head | fleet | {"$defs": parts | {f"{name}{_OVERLAY}": _laid_over(part) for name, part in parts.items()}}


def schema_text() -> str:
    """The schema as the file has it."""
    return json.dumps(fleet_schema(), indent=2, ensure_ascii=False) + "\n"


def _for_editors(node: Any, name: str | None = None) -> Any:
    """A part of the schema without what only Python needs, and with examples as values."""
    if isinstance(node, list):
        return [_for_editors(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = _required({key: value for key, value in node.items() if key not in _FOR_PYTHON})
    made = {key: _for_editors(part) for key, part in plain.items() if key != "properties"}
    if "properties" in plain:
        made["properties"] = {key: _for_editors(part, key) for key, part in plain["properties"].items()}
    return made | _default(node) | _examples(node, name)


def _required(node: dict[str, Any]) -> dict[str, Any]:
    """Without the choice of nothing: a key is left out, and never empty."""
    if {"type": "null"} not in node.get("anyOf", ()):
        return node
    choices = [part for part in node["anyOf"] if part != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return rest | (choices[0] if len(choices) == 1 else {"anyOf": choices})


def _default(node: dict[str, Any]) -> dict[str, Any]:
    """The default where it is written as it is kept: two hours are kept as 120, and written as `2h`."""
    kept, written = node.get("default"), node.get("type")
    shown = (isinstance(kept, str) and written == "string") or (isinstance(kept, int) and written == "integer")
    return {"default": kept} if shown else {}


def _examples(node: dict[str, Any], name: str | None) -> dict[str, Any]:
    values = [] if name is None else _values(node.get("examples") or (), name)
    return {"examples": values} if values else {}


def _values(examples: Any, name: str) -> list[Any]:
    """Examples are lines of YAML for people; the values in them, where they are written out."""
    import yaml  # noqa: PLC0415 - as in `located_yaml`

    whole = (example for example in examples if "…" not in example)
    return [json.loads(json.dumps(yaml.safe_load(example)[name], default=str)) for example in whole]


def _environment(properties: dict[str, Any]) -> Any:
    """What may stand in an environment: all of the first level but the name, in parts."""
    kept = {key: part for key, part in properties.items() if key not in ("fleet", "environments")}
    return _laid_over({"type": ["object", "null"], "properties": kept, "additionalProperties": False})


def _laid_over(node: Any) -> Any:
    """A part of the schema as an environment may hold it."""
    if isinstance(node, list):
        return [_laid_over(item) for item in node]
    if not isinstance(node, dict):
        return node
    part = {key: value if key == "examples" else _laid_over(value) for key, value in node.items() if key not in _SIZES}
    if "$ref" in part:
        part["$ref"] += _OVERLAY
    if "properties" in part:
        part["properties"] = {key: _or_empty(value) for key, value in part["properties"].items()}
    if isinstance(part.get("additionalProperties"), dict):
        part["additionalProperties"] = _or_empty(part["additionalProperties"])
    return part


def _or_empty(node: Any) -> Any:
    words = {key: node.pop(key) for key in ("description", "examples") if key in node}
    return words | {"anyOf": [node, {"type": "null"}]}


if __name__ == "__main__":
    SCHEMA_FILE.parent.mkdir(exist_ok=True)
    SCHEMA_FILE.write_text(schema_text())
