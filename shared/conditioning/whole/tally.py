"""What became of the rows of a table: counts, and where each broken rule was broken first."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of a table; complete when its last row is out.

    `rows_in = rows_out + rejected + deduplicated + aggregated + sum(custom)`.

    Attributes:
        rows_in: Rows that came from the row steps.
        rows_out: Rows of the table.
        deduplicated: Rows that gave way to another one with their key.
        aggregated: Rows that went into groups, less the groups.
        custom: Rows that a custom step left out, by its name; below zero where it added some.
        reasons: Rejected rows by rule.
        warned: Rows by broken rule of severity `warn`; they are kept.
        failed: Rows by broken rule of severity `fail`; one is enough to fail the dataset.
        findings: By broken rule, what is wrong with the first row that breaks it, for a person.
    """

    rows_in: int = 0
    rows_out: int = 0
    deduplicated: int = 0
    aggregated: int = 0
    custom: dict[str, int] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    findings: dict[str, str] = field(default_factory=dict)

    @property
    def rejected(self) -> int:
        """Rows that broke a rule of severity `reject`."""
        return self.reasons.total()
