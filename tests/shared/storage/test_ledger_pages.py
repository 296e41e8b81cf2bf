"""A long chain comes in pages: what is appended between two of them must not look like tampering."""

from collections.abc import Iterator

import pytest

from shared.errors import TransientError
from shared.lineage.ledger import check_stored
from shared.storage.ledger import TableLedger
from shared.storage.tables import Row
from tests.shared.lineage.chains import entry


class _Pages:
    """A table whose rows are read two at a time, while another one appends."""

    def __init__(self, times: int) -> None:
        self.rows: dict[str, Row] = {}
        self.times, self.writes = times, 0
        self.writer = TableLedger("", "ledger")
        self.writer._table = self  # type: ignore[assignment]  # as much of a table as the ledger asks for

    def get(self, partition: str, key: str) -> Row | None:
        del partition
        return self.rows.get(key)

    def change(self, partition: str, changes: list[Row]) -> bool:
        del partition
        self.writes += 1
        self.rows |= {one.key: Row(one.key, one.columns, str(self.writes)) for one in changes}
        return True

    def between(self, partition: str, first: str, end: str) -> Iterator[Row]:
        del partition
        last = first
        while page := sorted(key for key in self.rows if last < key < end)[:2]:
            yield from [self.rows[key] for key in page]
            last = page[-1]
            if self.times and "head" in page:  # what follows are the marks
                self.times -= 1
                self.writer.append(entry(self.writes))


@pytest.mark.parametrize("count", [1, 3, 4, 7])
def test_what_is_appended_after_the_heads_page_is_no_finding(count: int) -> None:
    """The head is asked for again after the last page, and all is read once more when it has moved."""
    table = _Pages(times=2)
    for number in range(count):
        table.writer.append(entry(number))
    chain = table.writer.chain("m")
    assert check_stored(chain) == []
    assert len(chain.rows) == table.writes


def test_a_chain_that_never_stands_still_is_read_later() -> None:
    """That is no finding either."""
    table = _Pages(times=99)
    table.writer.append(entry(0))
    with pytest.raises(TransientError, match="written by others each of"):
        table.writer.chain("m")
