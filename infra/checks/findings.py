"""What a check has found: a rule, a place, and what would be right."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One fault.

    Attributes:
        file: Path from the folder that was checked.
        line: From 1.
        column: From 1.
        rule: Stable name of the rule, as waivers name it.
        message: What is wrong and what would be right.
        subject: What a waiver can name beside the rule: a symbol, a setting, a permission; empty where there is none.
    """

    file: str
    line: int
    column: int
    rule: str
    message: str
    subject: str = ""

    def __str__(self) -> str:
        """`file:line:column: message [rule]`, which editors and terminals follow."""
        return f"{self.file}:{self.line}:{self.column}: {self.message} [{self.rule}]"


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """`; did you mean 'x'?`, or nothing where no known name is as much alike as `cutoff`, from 0 to 1."""
    folded = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), folded, 1, cutoff=cutoff)
    return f"; did you mean {folded[close[0]]!r}?" if close else ""


def as_json(findings: Iterable[Finding]) -> str:
    """The findings as a JSON array, one object each with the attributes of `Finding`."""
    return json.dumps([asdict(finding) for finding in findings], indent=2)
