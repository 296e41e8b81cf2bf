"""Values of a Parquet file as texts, in the form in which a recipe reads them."""

import json
from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from shared.conditioning.recipe.columns import Column

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

#: Whole numbers up to here are exact in a float, so writing them without a fraction changes nothing.
_EXACT: Final = 2**53


def refusal(kind: "pa.DataType") -> str | None:
    """What values of a type are that have no text; `None` of all others."""
    import pyarrow.types as kinds  # noqa: PLC0415 - loaded at first use

    if kinds.is_dictionary(kind):
        return refusal(kind.value_type)
    inner = [kind.field(place).type for place in range(kind.num_fields)] if kinds.is_nested(kind) else []
    refused = (
        (kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_fixed_size_binary(kind), "bytes"),
        (kinds.is_duration(kind) or kinds.is_interval(kind), "lengths of time"),
        (kinds.is_union(kind), "values of several types"),
    )
    own = next((what for found, what in refused if found), None)
    return own or next(filter(None, map(refusal, inner)), None)


def texts(values: "pa.Array", column: Column, decimal: str) -> "pl.Series":
    """A column's values as texts.

    Numbers are written with the column's decimal sign, whole ones without a fraction (a column of integers with gaps is
    often stored as floats); dates and times as ISO 8601, times of a known zone in UTC with `Z`; a time at midnight
    without zone as its date, where the recipe wants a date; lists, structs and maps as JSON.

    Args:
        values: Of any type that is not refused, dictionaries unpacked.
        column: The recipe's column.
        decimal: The recipe's decimal sign.
    """
    import polars as pl  # noqa: PLC0415 - loaded at first use
    import pyarrow as pa  # noqa: PLC0415 - loaded at first use
    import pyarrow.types as kinds  # noqa: PLC0415 - loaded at first use

    kind = values.type
    if kinds.is_nested(kind):
        return pl.Series([None if value is None else _json(value) for value in values.to_pylist()], dtype=pl.String)
    if kinds.is_timestamp(kind):
        return _times(values, as_date=column.type == "date" and kind.tz is None)
    found = _floats(values) if kinds.is_floating(kind) else _series(values.cast(pa.large_string()))
    if kinds.is_time(kind):
        return found.str.replace(r"\.0+$", "")
    comma = (column.decimal or decimal) == "," and column.type in ("integer", "number", "money")
    if comma and (kinds.is_floating(kind) or kinds.is_decimal(kind)):
        return found.str.replace(".", ",", literal=True)
    return found


def _floats(values: "pa.Array") -> "pl.Series":
    import polars as pl  # noqa: PLC0415 - loaded at first use
    import pyarrow as pa  # noqa: PLC0415 - loaded at first use
    import pyarrow.types as kinds  # noqa: PLC0415 - loaded at first use

    found = _series(values.cast(pa.float32()) if kinds.is_float16(values.type) else values)
    value = pl.col("value")
    whole = (value.floor() == value) & (value.abs() <= _EXACT)
    written = pl.when(whole).then(value.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(value.cast(pl.String))
    return found.alias("value").to_frame().select(written).to_series()


def _times(values: "pa.Array", *, as_date: bool) -> "pl.Series":
    import polars as pl  # noqa: PLC0415 - loaded at first use
    import pyarrow as pa  # noqa: PLC0415 - loaded at first use

    # Values are instants already where a zone is known; without its name they are shown in UTC.
    found = _series(values.view(pa.timestamp(values.type.unit)))
    value = pl.col("value")
    parts = value.dt.nanosecond()
    fraction = (
        pl.when(parts == 0)
        .then(pl.lit(""))
        .when(parts % 1000 == 0)
        .then(pl.format(".{}", (parts // 1000).cast(pl.String).str.zfill(6)))
        .otherwise(pl.format(".{}", parts.cast(pl.String).str.zfill(9)))
    )
    written = value.dt.to_string("%Y-%m-%dT%H:%M:%S") + fraction + pl.lit("Z" if values.type.tz else "")
    if as_date:
        midnight = value.dt.truncate("1d") == value
        written = pl.when(midnight).then(value.dt.to_string("%Y-%m-%d")).otherwise(written)
    return found.alias("value").to_frame().select(written).to_series()


def _series(values: "pa.Array") -> "pl.Series":
    import polars as pl  # noqa: PLC0415 - loaded at first use

    found = pl.from_arrow(values)
    assert isinstance(found, pl.Series)
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: date | time | Decimal) -> str:
    return str(value) if isinstance(value, Decimal) else value.isoformat()
