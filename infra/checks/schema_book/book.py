"""Look up resource types: answers of the installed program, each asked for once and kept, and a few of our own."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from infra.checks.kinds import ANYTHING
from infra.checks.resource_schemas import ResourceSchema, read_schema
from infra.checks.schema_book.asking import ask
from infra.checks.schema_book.install import SchemasMissing, home, program
from local.services.azurite.install import DEFAULT_TOOLS

#: Types whose schema the pinned package knows by name and version only. Written from Microsoft's template reference
#: (the address is in each file), in the form that the program prints.
OWN = Path(__file__).parent / "own"

_ONLY_NAMED = re.compile(r"apiVersion (\S+) not supported")


class Schemas(Protocol):
    """Where schemas come from."""

    def find(self, kind: str) -> ResourceSchema | None:
        """The schema of a resource type, in any capitals; `None` if Azure has no such type.

        The body is `Anything` where the type is known by name and version only.
        """
        ...

    def known(self) -> Iterable[str]:
        """Types that are known without asking, for `did you mean`."""
        ...


class InstalledSchemas:
    """The schemas of the installed program.

    Args:
        tools: Where tools are installed.
    """

    def __init__(self, tools: Path = DEFAULT_TOOLS) -> None:
        self._tools = tools
        self._answers = home(tools) / "answers"
        self.find = cache(self._find)

    def prepare(self, kinds: Iterable[str]) -> None:
        """Ask for all of `kinds` that were not asked for yet, in one go.

        Raises:
            SchemasMissing: The program is needed and is not installed, or fails.
        """
        missing = [kind for kind in sorted(set(kinds)) if not self._kept(kind).exists() and not _own(kind).exists()]
        if missing:
            self._answers.mkdir(parents=True, exist_ok=True)
            for kind, answer in ask(program(self._tools), home(self._tools), missing):
                self._keep(kind, answer)

    def known(self) -> Iterable[str]:
        """The types that were asked for before, and our own."""
        files = [*OWN.glob("*.json"), *self._answers.glob("*.json")]
        found = (_definitions(json.loads(file.read_text())) for file in files)
        return [read_schema(definitions).type for definitions in found if definitions]

    def _find(self, kind: str) -> ResourceSchema | None:
        own = _own(kind)
        if not own.exists():
            self.prepare([kind])
        answer = json.loads((own if own.exists() else self._kept(kind)).read_text())
        if (definitions := _definitions(answer)) is not None:
            return read_schema(definitions)
        only_named = _ONLY_NAMED.search(answer["message"])
        return ResourceSchema(kind, only_named.group(1), ANYTHING) if only_named else None

    def _kept(self, kind: str) -> Path:
        return self._answers / f"{_file_name(kind)}.json"

    def _keep(self, kind: str, answer: Mapping[str, Any]) -> None:
        if not _is_answer(answer):
            raise SchemasMissing(
                f"The program that prints the schemas does not know what {kind} is: {answer['message']}"
            )
        aside = self._kept(kind).with_suffix(f".{os.getpid()}")
        aside.write_text(json.dumps(_slim(answer)))
        aside.rename(self._kept(kind))


def _slim(value: object) -> Any:
    """The answer without its descriptions, which are most of it."""
    if isinstance(value, dict):
        return {key: _slim(item) for key, item in value.items() if key != "description"}
    return [_slim(item) for item in value] if isinstance(value, list) else value


def _is_answer(answer: Mapping[str, Any]) -> bool:
    """A schema, or one of the ways in which the program says that it has none."""
    message = str(answer["message"])
    return answer["status"] in {200, 404} or "not found" in message or _ONLY_NAMED.search(message) is not None


def _definitions(answer: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    return answer["results"]["BicepSchemaResult"] if answer["status"] == 200 else None


def _own(kind: str) -> Path:
    return OWN / f"{_file_name(kind)}.json"


def _file_name(kind: str) -> str:
    return re.sub(r"[^a-z0-9.]", "_", kind.lower())
