"""Rows drawn by chance that any division of the table into pieces draws again.

Each row has a hash of its file and of its place there, and the sample is the rows with the smallest hashes: every row
is as likely as any other, and the smallest of the pieces' smallest are the smallest of all.
"""

import base64
import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import polars as pl

from shared.conditioning.expressions import ValueType
from shared.conditioning.expressions.to_polars import DATA_TYPES
from shared.conditioning.profile.columns import SHOWN, as_json, from_json
from shared.conditioning.profile.hashes import Hashes, Indices, row_hashes, smallest

#: Rows of a sample.
ROWS: Final = 4_096
_QUANTILES: Final = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
_TOP: Final = 10
#: A value seen less often in a part of the rows is no frequent one: its count would be off by more than a third.
_SEEN: Final = 8
_NULL: Final = 65_535
_DIGEST: Final = 8


@dataclass(frozen=True, eq=False)
class Sample:
    """At most 4,096 rows.

    Attributes:
        hashes: Of each row, from the smallest on.
        frame: The rows, in that order; long texts are shortened to 40 characters that tell them apart.
    """

    hashes: Hashes
    frame: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame, ids: Indices, seed: str) -> Self:
        """The sample of a piece; see `Profile.of`."""
        hashes = row_hashes(ids, seed)
        chosen = smallest(hashes, ROWS)
        rows = frame.select(pl.all().gather(chosen))
        number = pl.col(pl.Float64)
        one_zero = pl.when(number == 0).then(0.0).otherwise(number).name.keep()
        return cls(hashes[chosen], rows.with_columns(map(_shortened, rows)).with_columns(one_zero))

    def merged(self, other: "Sample") -> "Sample":
        """The sample of both pieces together."""
        hashes = np.concatenate([self.hashes, other.hashes])
        chosen = smallest(hashes, ROWS)
        both = pl.concat([self.frame, other.frame])
        return Sample(hashes[chosen], both.select(pl.all().gather(chosen)))

    def summary(self, name: str, type_: ValueType, count: int) -> dict[str, Any]:
        """Quantiles and most frequent values of a column.

        Args:
            name: The column.
            type_: Its type; texts and booleans have no quantiles.
            count: How many values it has in the whole table; counts are scaled to it, and where it has more than the
                sample, values that the sample has fewer than 8 times are left out.
        """
        values = self.frame[name].drop_nulls()
        shown: dict[str, Any] = {"sampled": len(values), "standard_error": _standard_error(len(values), count)}
        if type_ not in ("text", "boolean"):
            ordered = values.sort()
            shown["quantiles"] = {
                label: as_json(ordered[max(math.ceil(share * len(ordered)) - 1, 0)]) if len(ordered) else None
                for label, share in _QUANTILES.items()
            }
        often = 1 if len(values) == count else _SEEN
        counted = [item for item in Counter(values.to_list()).items() if item[1] >= often]
        counted.sort(key=lambda item: (-item[1], item[0]))
        shown["top"] = [
            {"value": as_json(value), "count": (2 * seen * count + len(values)) // (2 * len(values))}
            for value, seen in counted[:_TOP]
        ]
        return shown

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON values: at most 1 MiB per text column, 128 KiB per other one, and 44 KiB."""
        return {
            "hashes": base64.b64encode(self.hashes.astype("<u8").tobytes()).decode(),
            "columns": {name: _packed(self.frame[name]) for name in self.frame.columns},
        }

    @classmethod
    def from_json(cls, said: dict[str, Any], types: dict[str, ValueType]) -> Self:
        """What `to_json` made of columns of these types."""
        hashes = np.frombuffer(base64.b64decode(said["hashes"]), "<u8").astype(np.uint64)
        return cls(hashes, pl.DataFrame([_unpacked(name, said["columns"][name], types[name]) for name in types]))


def _standard_error(sampled: int, count: int) -> float | None:
    """Of a share of the values, at worst (a share of one half); none where there are values and the sample has none."""
    if sampled == count:
        return 0.0
    return round(0.5 * math.sqrt((1 - sampled / count) / sampled), 6) if sampled else None


def _shortened(series: pl.Series) -> pl.Series:
    """A long text by its beginning and a digest, so that two of them stay two."""
    if series.dtype != pl.String or (series.str.len_chars().max() or 0) <= SHOWN:  # type: ignore[operator] # a length
        return series
    return pl.Series(series.name, [None if text is None else _digested(text) for text in series], pl.String)


def _digested(text: str) -> str:
    if len(text) <= SHOWN:
        return text
    digest = hashlib.blake2b(text.encode(), digest_size=_DIGEST // 2).hexdigest()
    return f"{text[: SHOWN - _DIGEST - 1]}…{digest}"


def _packed(series: pl.Series) -> dict[str, Any]:
    """Each value once, in order, and for each row which one it has."""
    values = series.drop_nulls().unique().sort()
    said = values.cast(pl.String).to_list() if values.dtype == pl.Date else list(map(as_json, values.to_list()))
    codes = (series.rank("dense").cast(pl.Int64) - 1).fill_null(_NULL).to_numpy().astype("<u2")
    return {"values": said, "codes": base64.b64encode(codes.tobytes()).decode()}


def _unpacked(name: str, said: dict[str, Any], type_: ValueType) -> pl.Series:
    values = pl.Series(name, [from_json(value, type_) for value in said["values"]], DATA_TYPES[type_])
    codes = pl.Series(np.frombuffer(base64.b64decode(said["codes"]), "<u2").astype(np.int64), dtype=pl.Int64)
    return values.gather(codes.replace(_NULL, None))
