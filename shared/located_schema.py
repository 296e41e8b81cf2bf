"""The JSON Schema of files that people write, made of the models that read them, for editors."""

import json
from typing import Any, Final

from pydantic import BaseModel

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_FOR_PYTHON: Final = ("title", "default", "examples")


def heading(title: str, model: type[BaseModel]) -> dict[str, Any]:
    """What stands above a schema (draft 2020-12): its title, and the first line of what the model says of itself."""
    return {"$schema": _DIALECT, "title": title, "description": str(model.__doc__).partition("\n")[0]}


def written(schema: dict[str, Any]) -> str:
    """A schema as its file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def for_editors(node: Any, name: str | None = None) -> Any:
    """A part of the schema without what only Python needs, and with examples as values."""
    if isinstance(node, list):
        return [for_editors(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = _required({key: value for key, value in node.items() if key not in _FOR_PYTHON})
    made = {key: for_editors(part) for key, part in plain.items() if key != "properties"}
    if "properties" in plain:
        made["properties"] = {key: for_editors(part, key) for key, part in plain["properties"].items()}
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
    values = [] if name is None else _values(node.get("examples") or ())
    return {"examples": values} if values else {}


def _values(examples: Any) -> list[Any]:
    """Examples are lines of YAML for people; the values in them, where they are written out."""
    import yaml  # noqa: PLC0415 - as in `located_yaml`

    whole = (example for example in examples if "…" not in example)
    values = [next(iter(yaml.safe_load(example).values())) for example in whole]  # the key `on` is true to YAML 1.1
    return [json.loads(json.dumps(value, default=str)) for value in values]
