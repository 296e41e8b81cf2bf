"""The JSON Schema of fleet files, made of the models that read them: `python -m shared.fleet.json_schema` writes it.

An editor that knows it completes and explains each key. It says what may be written; whether the entries fit each
other is said by `signalbox fleet check`.
"""

from pathlib import Path
from typing import Any, Final

from pydantic import create_model

from shared.fleet.data_schema import DatasetSpec, SourceSpec
from shared.fleet.gate_schema import GateSpec, OverrideSpec
from shared.fleet.model_schema import ModelSpec
from shared.fleet.release_schema import ReleaseSpec
from shared.fleet.schema import FleetSpec, RetentionSpec, RetrainSpec, ScheduleSpec
from shared.fleet.team_schema import TeamSpec
from shared.located_schema import for_editors, heading, written

#: The committed schema, which the first line of a fleet file names.
SCHEMA_FILE: Final = Path(__file__).parents[2] / "schemas" / "fleet.schema.json"
#: An environment says only what differs: nothing is required in it, and what is empty is taken away.
_OVERLAY: Final = "InEnvironment"
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
    made = made_schema()
    parts = {name: for_editors(part) for name, part in made.pop("$defs").items()}
    fleet: dict[str, Any] = for_editors(made)
    fleet["required"] += ["gates"]  # the model takes a file without, to say more about it than that it is missing
    fleet["properties"]["environments"]["additionalProperties"] = _environment(fleet["properties"])
    return (
        heading("Signalbox fleet file", FleetSpec)
        | fleet
        | {"$defs": parts | {f"{name}{_OVERLAY}": _laid_over(part) for name, part in parts.items()}}
    )


def made_schema() -> dict[str, Any]:
    """The schema as pydantic makes it of the models, with what only Python needs: defaults as they are kept."""
    sections: dict[str, Any] = {name: (held, FleetSpec.model_fields[name]) for name, held in _SECTIONS.items()}
    return create_model("Fleet", __base__=FleetSpec, **sections).model_json_schema()


def schema_text() -> str:
    """The schema as the file has it."""
    return written(fleet_schema())


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
