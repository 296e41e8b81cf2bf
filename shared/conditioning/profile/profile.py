"""The profile of a table: what drift detection compares, and a person looks at first."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from shared.conditioning.profile.columns import ColumnProfile
from shared.conditioning.profile.hashes import Indices
from shared.conditioning.profile.sample import Sample


@dataclass(frozen=True, eq=False)
class Profile:
    """What the values of a table look like; the same however the table was divided and in whatever order merged.

    Counts, nulls, smallest and largest values, lengths of texts and means are exact, distinct values up to 1,023.
    Quantiles and most frequent values come from a sample of at most 4,096 rows, so they are exact up to that many.

    Attributes:
        rows: Rows of the table.
        columns: What is known of all values of each column.
        sample: Rows drawn by chance, without the personal columns.
    """

    rows: int
    columns: dict[str, ColumnProfile]
    sample: Sample

    @classmethod
    def of(cls, frame: pl.DataFrame, ids: Indices, seed: str, personal: Collection[str]) -> Self:
        """The profile of a piece of a table.

        Args:
            frame: Its rows, in the types of the standard table.
            ids: Of each row a number that no other row of its file has, whatever the piece: its byte offset there.
            seed: What tells the file from the table's other files, such as its path.
            personal: Columns of which nothing but counts may be kept.

        Raises:
            ValueError: Ids are not as many as rows, or a column has no type of the standard table, or a number that
                is not finite.
        """
        if len(ids) != frame.height:
            raise ValueError(f"{frame.height} rows need as many ids, not {len(ids)}")
        columns = {name: ColumnProfile.of(frame[name], personal=name in personal) for name in frame.columns}
        shown = [name for name in frame.columns if name not in personal]
        return cls(frame.height, columns, Sample.of(frame.select(shown), ids, seed))

    def merged(self, other: "Profile") -> "Profile":
        """The profile of two different pieces together, measured by one version of polars: it hashes the values.

        Raises:
            ValueError: They have not the same columns.
        """
        if _kinds(self) != _kinds(other):
            raise ValueError(f"only profiles of the same columns can be merged, not {_kinds(self)} and {_kinds(other)}")
        columns = {name: column.merged(other.columns[name]) for name, column in self.columns.items()}
        return Profile(self.rows + other.rows, columns, self.sample.merged(other.sample))

    def summary(self) -> dict[str, Any]:
        """What the manifest says, as JSON values and without the sample.

        A column's `sampled` says how many values its quantiles and most frequent values come from, and
        `standard_error` that of a share estimated by them: the true rank of `p50` is 0.5 give or take that.
        `distinct_error` is a relative one. Both are 0 where nothing is estimated.
        """
        return {
            "rows": self.rows,
            "sample": len(self.sample.hashes),
            "columns": {
                name: column.summary()
                | ({} if column.personal else self.sample.summary(name, column.type, column.count))
                for name, column in self.columns.items()
            },
        }

    def to_json(self) -> dict[str, Any]:
        """All of it, to be merged later: at most 1 MiB per text column and 144 KiB per other one, as UTF-8."""
        return {
            "rows": self.rows,
            "columns": {name: column.to_json() for name, column in self.columns.items()},
            "sample": self.sample.to_json(),
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> Self:
        """What `to_json` made."""
        columns = {name: ColumnProfile.from_json(column) for name, column in said["columns"].items()}
        types = {name: column.type for name, column in columns.items() if not column.personal}
        return cls(said["rows"], columns, Sample.from_json(said["sample"], types))


def _kinds(profile: Profile) -> dict[str, tuple[str, bool]]:
    return {name: (column.type, column.personal) for name, column in profile.columns.items()}
