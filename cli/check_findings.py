"""What is found in the files of a pipeline, each at its file and line."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from shared.located_yaml import Document, Place, read_document

type Role = Literal["train", "baseline", "score"]

#: What is wrong with the contract, what a person should know, and what only Azure ML can run.
type Kind = Literal["problem", "notice", "elsewhere"]

_ORDER: Final[tuple[Kind, ...]] = ("problem", "elsewhere", "notice")


@dataclass(frozen=True, order=True)
class Finding:
    """Something that was found.

    Attributes:
        file: Where.
        line: From 1.
        text: What is wrong, and what would be right.
        kind: How much it matters.
    """

    file: str
    line: int
    text: str
    kind: Kind

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


@dataclass
class Findings:
    """All of them, each once."""

    found: dict[Finding, None] = field(default_factory=dict)

    def add(self, document: Document, place: Place, text: str, kind: Kind = "problem") -> None:
        """Something at a place of a YAML file."""
        self.at(document.path, document.problem(place, "").line, text, kind)

    def at(self, file: Path, line: int, text: str, kind: Kind = "problem") -> None:
        """Something at a line of any file."""
        self.found[Finding(str(file), line, text, kind)] = None

    def of(self, kind: Kind) -> list[Finding]:
        """Those of one kind, by file and line."""
        return sorted(one for one in self.found if one.kind == kind)

    @property
    def all(self) -> list[Finding]:
        """What matters most first."""
        return [one for kind in _ORDER for one in self.of(kind)]


def opened(file: Path, findings: Findings) -> Document | None:
    """A YAML file that is a mapping; `None` where it is not, and that was noted."""
    document = read_document(file)
    for problem in document.problems:
        findings.at(file, problem.line, problem.text)
    if document.problems:
        return None
    if not isinstance(document.value, dict):
        findings.at(file, 1, "it is no YAML mapping; write an Azure ML definition: `key: value`")
        return None
    return document
