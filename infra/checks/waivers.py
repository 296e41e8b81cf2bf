"""Findings that are accepted, each with a reason: `waivers.yaml`."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import yaml

from infra.checks.findings import Finding

WAIVERS = Path(__file__).with_name("waivers.yaml")
_KEYS = {"rule", "file", "subject", "reason"}


@dataclass(frozen=True)
class Waiver:
    """What is accepted.

    Attributes:
        rule: The rule, or the id of a check of checkov.
        file: The file, as findings name it; `*` stands for any part.
        subject: The finding's subject; `*` stands for any part.
        reason: Why, for a person.
        line: Where it is written.
    """

    rule: str
    file: str
    subject: str
    reason: str
    line: int

    def covers(self, finding: Finding) -> bool:
        """Whether it accepts this finding."""
        return (
            finding.rule == self.rule
            and fnmatchcase(finding.file, self.file)
            and fnmatchcase(finding.subject, self.subject)
        )


def read_waivers(file: Path = WAIVERS) -> tuple[Waiver, ...]:
    """The waivers of a file, in order.

    Raises:
        ValueError: An entry lacks its rule or its reason, or has a key that means nothing.
    """
    entries = yaml.safe_load(file.read_text()) or []
    lines = [number for number, line in enumerate(file.read_text().splitlines(), 1) if line.startswith("- ")]
    return tuple(_waiver(entry, line) for entry, line in zip(entries, lines, strict=True))


def _waiver(entry: object, line: int) -> Waiver:
    if not isinstance(entry, dict) or not set(entry) <= _KEYS or not entry.get("rule") or not entry.get("reason"):
        msg = f"line {line} of the waivers: an entry has 'rule' and 'reason', and may have 'file' and 'subject'"
        raise ValueError(msg)
    return Waiver(entry["rule"], entry.get("file", "*"), entry.get("subject", "*"), entry["reason"], line)


def waive(findings: Iterable[Finding], waivers: Iterable[Waiver]) -> tuple[Finding, ...]:
    """What is left of the findings, and one of rule `waiver-unused` for each waiver that covers none."""
    found, accepted = tuple(findings), tuple(waivers)
    left = [finding for finding in found if not any(waiver.covers(finding) for waiver in accepted)]
    idle = [
        Finding(
            f"checks/{WAIVERS.name}", waiver.line, 1, "waiver-unused",
            f"nothing is found any more of {waiver.rule} in {waiver.file} on {waiver.subject}; remove the waiver",
            waiver.rule,
        )
        for waiver in accepted
        if not any(waiver.covers(finding) for finding in found)
    ]  # fmt: skip
    return tuple(sorted([*left, *idle]))
