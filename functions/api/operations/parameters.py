"""Parameters that more than one operation has."""

from typing import Final

from functions.api.operations.examples import MODEL
from functions.api.operations.operation import Parameter, Schema

#: What `?fleet=` means wherever it stands.
FLEET: Final = "Only of this fleet."
FLAG: Final[Schema] = {"type": "string", "enum": ["true", "false"], "default": "false"}

# Of paths.
NAME: Final = {"name": Parameter("A registered model, as the fleet file names it.", example=MODEL)}
RUN: Final = {
    "id": Parameter("Of the run, as the answer told it that began it.", example="run-flights-train-0a1b2c3d4e5f")
}
VERSION: Final = {
    "name": Parameter("A dataset of a fleet file.", example="departures"),
    "version": Parameter("As `GET /api/datasets` lists it.", example="departures-jfk-2013-0f3c1a2b4d5e"),
}


def limit(usual: int, most: int) -> dict[str, Parameter]:
    """How many things are told."""
    schema = {"type": "integer", "minimum": 1, "maximum": most, "default": usual}
    return {"limit": Parameter("At most so many.", schema)}
