"""All Bicep files of a folder, each read once, and how they refer to each other."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lark.exceptions import UnexpectedInput
from pycep import BicepParser

from infra.checks.bicep import SyntaxFault, parse_bicep
from infra.checks.bicep.declarations import BicepFile
from infra.checks.bicep.tree import Place
from infra.checks.findings import Finding


@dataclass(frozen=True)
class Project:
    """The files below `root`.

    Attributes:
        root: The folder.
        files: The tree of each file that is Bicep, by its path from the root.
        faults: A finding of rule `syntax` for each that is not.
    """

    root: Path
    files: dict[str, BicepFile]
    faults: tuple[Finding, ...]

    def resolve(self, file: str, path: str) -> str:
        """The name by which `files` knows what `file` calls `path`; it may be unknown there."""
        target = (self.root / file).parent / path
        return target.resolve().relative_to(self.root.resolve(), walk_up=True).as_posix()


def read_project(root: Path) -> Project:
    """Read every `*.bicep` below `root`; a file that is not Bicep is a finding and is left out of the rest."""
    files: dict[str, BicepFile] = {}
    faults: list[Finding] = []
    for path in sorted(root.rglob("*.bicep")):
        name = path.relative_to(root).as_posix()
        try:
            read = _read(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError as error:
            read = Place(1, 1), f"the file is not UTF-8: {error.reason} at byte {error.start}"
        if isinstance(read, BicepFile):
            files[name] = read
        else:
            at, message = read
            faults.append(fault_at(name, at, "syntax", message))
    return Project(root, files, tuple(faults))


@cache
def _read(text: str) -> BicepFile | tuple[Place, str]:
    """The tree, or the first fault.

    Two readers look: ours, which knows places, and pycep's, since checkov skips what that one cannot read.
    """
    try:
        tree = parse_bicep(text)
    except SyntaxFault as fault:
        return fault.at, fault.message
    try:
        _pycep().parse(text=text)
    except UnexpectedInput as error:
        return Place(error.line, error.column), f"pycep, which checkov reads with, says: {str(error).splitlines()[0]}"
    except Exception as error:  # noqa: BLE001 - it raises what its parts raise, and each means that it cannot read this
        return Place(1, 1), f"pycep, which checkov reads with, cannot read it: {error}"
    return tree


@cache
def _pycep() -> BicepParser:
    """Its grammar takes half a second to read."""
    return BicepParser(cache=False)


def fault_at(file: str, at: Place, rule: str, message: str, subject: str = "") -> Finding:
    """A finding at a place of a tree."""
    return Finding(file, at.line, at.column, rule, message, subject)
