"""The same recipe by others: `python -m benchmarks.conditioning.peers pandas|polars STORAGE BLOB`.

pandas reads the blob in chunks, in one thread, and keeps account of every row, as we do: the csv module finds short
and long rows, which pandas would pad or drop; they are only counted. It writes the rows kept, and the others with the
column at fault. It does not say what is wrong with a value or where in the file its row is, takes parts of a cent, any
year and numbers below their `min` for good, makes no profile of the columns, hashes nothing, and has to begin anew
after a fault.

polars reads and writes the blobs itself, streaming and with all processors. It tells of no row that it drops, pads
short ones and cuts long ones, takes parts of a cent, any year and numbers below their `min` for good, a wrong
`returned` for none, and does nothing of the rest either.
"""

import csv
import io
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import Any

from benchmarks.conditioning.containers import LANDING, OUT, account_of, only_required

_CHUNK_ROWS = 100_000
_REGIONS = ["north", "south", "east", "west", "central"]


def main() -> None:
    """Condition a blob, and print what it took as JSON."""
    peer, storage, blob = sys.argv[1:]
    only_required()
    started = time.perf_counter()
    rows = {"pandas": by_pandas, "polars": by_polars}[peer](storage, blob)
    print(json.dumps({**rows, **used(), "wall_s": time.perf_counter() - started}))


def used() -> dict[str, float]:
    """CPU seconds of this process, and the most memory that it had, in MiB."""
    times = os.times()
    status = Path("/proc/self/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {"cpu_s": times.user + times.system, "peak_mib": peak / 1024}


def by_pandas(storage: str, blob: str) -> dict[str, int]:
    """Chunks of 100,000 rows; the accepted and the rejected rows go to a blob each, in blocks."""
    import pandas as pd  # noqa: PLC0415 - its import is part of what it takes
    from azure.storage.blob import BlobBlock, ContainerClient  # noqa: PLC0415 - likewise

    landing = ContainerClient.from_connection_string(storage, LANDING)
    out = ContainerClient.from_connection_string(storage, OUT)
    kept, rejects = out.get_blob_client(f"{blob}.pandas"), out.get_blob_client(f"{blob}.pandas.rejected")
    blocks: dict[Any, list[BlobBlock]] = {kept: [], rejects: []}
    counts: Counter[str] = Counter()

    def stage(client: Any, text: str) -> None:
        block = f"{len(blocks[client]):08d}"
        client.stage_block(block, text.encode())
        blocks[client].append(BlobBlock(block))

    reader = csv.reader(_lines(landing.download_blob(blob).chunks()))
    header = [name.strip() for name in next(reader)]
    for rows in batched(reader, _CHUNK_ROWS, strict=False):
        counts["rows_in"] += len(rows)
        whole = [row for row in rows if len(row) == len(header)]
        counts["field_count"] += len(rows) - len(whole)
        raw = pd.DataFrame(whole, columns=header, dtype=str).apply(lambda column: column.str.strip())
        raw = raw.mask(raw.isin(["", "NA"]))
        money = raw["Unit Price"].str.removeprefix("$").str.replace(",", "", regex=False)
        table = pd.DataFrame(
            {
                "store_id": pd.to_numeric(raw["Store ID"], errors="coerce"),
                "sku": pd.to_numeric(raw["SKU"], errors="coerce"),
                "ship_date": pd.to_datetime(raw["Ship Date"], format="%m/%d/%Y", errors="coerce"),
                "qty": pd.to_numeric(raw["Qty Shipped"], errors="coerce"),
                "price": (pd.to_numeric(money, errors="coerce") * 100).round(),
                "returned": pd.to_numeric(raw["Returned"], errors="coerce"),
                "region": raw["Region"].str.lower(),
            }
        )
        table["week"] = table["ship_date"] - pd.to_timedelta(table["ship_date"].dt.day_of_week, unit="D")
        table["net_qty"] = table["qty"] - table["returned"].fillna(0)
        why = pd.Series(pd.NA, index=table.index, dtype="string")
        for name in ("store_id", "sku", "ship_date", "qty", "price", "region"):
            why = why.mask(why.isna() & table[name].isna(), name)
        why = why.mask(why.isna() & raw["Returned"].notna() & table["returned"].isna(), "returned")
        why = why.mask(why.isna() & ~table["region"].isin(_REGIONS), "region.not_one_of")
        why = why.mask(why.isna() & (table["net_qty"] < 0), "net_not_negative")
        good = why.isna()
        counts.update(why[~good].value_counts().to_dict())
        counts["rows_out"] += int(good.sum())
        whole_numbers = ["store_id", "sku", "qty", "price", "returned", "net_qty"]
        stage(kept, table[good].astype(dict.fromkeys(whole_numbers, "Int64")).to_csv(index=False, header=False))
        stage(rejects, raw[~good].assign(why=why).to_csv(index=False, header=False))
    for client, staged in blocks.items():
        client.commit_block_list(staged)
    return {"rows_in": counts["rows_in"], "rows_out": counts["rows_out"]}


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Lines of text with their ends; a character that two chunks share is put together."""
    rest = b""
    for chunk in chunks:
        whole, feed, rest = (rest + chunk).rpartition(b"\n")
        yield from io.StringIO((whole + feed).decode(), newline="")
    yield from io.StringIO(rest.decode(), newline="")


def by_polars(storage: str, blob: str) -> dict[str, int]:
    """From blob to blob, by polars' own streaming engine and its own client."""
    import polars as pl  # noqa: PLC0415 - its import is part of what it takes

    account = account_of(storage)
    os.environ["AZURITE_BLOB_STORAGE_URL"] = account.url
    options = {
        "account_name": account.name,
        "account_key": account.key,
        "use_emulator": "true",
        "azurite_blob_storage_url": account.url,
        "allow_http": "true",
    }
    raw = pl.scan_csv(f"az://{LANDING}/{blob}", infer_schema=False, truncate_ragged_lines=True, storage_options=options)
    text = {name: pl.col(name).str.strip_chars() for name in raw.collect_schema().names()}
    money = text["Unit Price"].str.strip_prefix("$").str.replace_all(",", "", literal=True)
    integers = {"store_id": "Store ID", "sku": "SKU ", "qty": "Qty Shipped", "returned": "Returned"}
    table = raw.select(
        *(text[source].cast(pl.Int64, strict=False).alias(name) for name, source in integers.items()),
        text["Ship Date"].str.to_date("%m/%d/%Y", strict=False).alias("ship_date"),
        (money.cast(pl.Float64, strict=False) * 100).round().cast(pl.Int64).alias("price"),
        text["Region"].str.to_lowercase().alias("region"),
    ).with_columns(week=pl.col("ship_date").dt.truncate("1w"), net_qty=pl.col("qty") - pl.col("returned").fill_null(0))
    required = [pl.col(name).is_not_null() for name in ("store_id", "sku", "ship_date", "qty", "price")]
    good = pl.all_horizontal(*required, pl.col("region").is_in(_REGIONS), pl.col("net_qty") >= 0)
    table.filter(good).sink_csv(f"az://{OUT}/{blob}.polars", storage_options=options)
    return {}


if __name__ == "__main__":
    main()
