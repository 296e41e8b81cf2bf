"""A messy CSV of any size: the sales of a chain of shops, as it might land."""

import random
from collections.abc import Iterator
from typing import Final

HEADER: Final = "Store ID,SKU ,Ship Date,Qty Shipped,Unit Price,Returned,Region,Note\n"
RECIPE: Final = """\
format: csv
nulls: ["", NA]
thousands: ","
columns:
  store_id: {from: Store ID, type: integer, min: 1}
  sku: {from: SKU, type: integer, min: 1}
  ship_date: {from: Ship Date, type: date, format: "%m/%d/%Y"}
  qty: {from: Qty Shipped, type: integer, min: 0}
  price: {from: Unit Price, type: money, currency: "$"}
  returned: {from: Returned, type: integer, min: 0, required: false}
  region: {from: Region, case: lower, one_of: [north, south, east, west, central]}
derive:
  week: "week(ship_date)"
  net_qty: "qty - coalesce(returned, 0)"
rules:
  - {name: net_not_negative, check: "net_qty >= 0"}
"""
_REGIONS: Final = ("North", "South", "East", " West", "CENTRAL ")
_NOTES: Final = ("", "", "", "ok", "late", '"damaged, box open"', '"he said ""fine"""', '"two\nlines"')
#: Rows of a block; blocks are shuffled by number, so that a file of any size is made in seconds.
_BLOCK_ROWS: Final = 20_000
_BLOCKS: Final = 16


def messy_csv(size: int, seed: int = 20261120) -> Iterator[bytes]:
    """About `size` bytes of CSV: one row in 200 is wrong in one of seven ways, three in eight have a quoted note."""
    chance = random.Random(seed)
    blocks = ["".join(_row(chance) for _ in range(_BLOCK_ROWS)).encode() for _ in range(_BLOCKS)]
    yield HEADER.encode()
    written = len(HEADER)
    while written < size:
        block = chance.choice(blocks)
        written += len(block)
        yield block


def _row(chance: random.Random) -> str:
    qty = chance.randrange(0, 500)
    cells = [
        str(chance.randrange(1, 3000)),
        str(chance.randrange(100_000, 999_999)),
        f"{chance.randrange(1, 13):02d}/{chance.randrange(1, 29):02d}/{chance.randrange(2017, 2026)}",
        str(qty),
        f"${chance.randrange(1, 90)}.{chance.randrange(100):02d}",
        str(chance.randrange(0, qty + 1)) if chance.random() < 0.3 else "",
        chance.choice(_REGIONS),
        chance.choice(_NOTES),
    ]
    if chance.random() < 0.005:
        _spoil(cells, chance)
    return ",".join(cells) + "\n"


def _spoil(cells: list[str], chance: random.Random) -> None:
    match chance.randrange(7):
        case 0:
            cells[2] = "02/30/2019"
        case 1:
            cells[0] = "NA"
        case 2:
            del cells[-1]
        case 3:
            cells.append("one too many")
        case 4:
            cells[3] = "12 pcs"
        case 5:
            cells[6] = "Atlantis"
        case _:
            cells[5] = str(int(cells[3]) + 1)
