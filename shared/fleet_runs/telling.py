"""What people are told at the end of a run: one message, whatever has come of its cells."""

from collections.abc import Iterator, Sequence
from typing import Final

from shared.contracts.fleet_runs import CellState, RunDigest
from shared.contracts.notification import Fact, Message

#: Outcomes of which each cell is named, up to so many.
_NAMED: Final = ("failed", "refused", "rejected", "incomplete")
_SHOWN: Final = 5
#: A run of which nothing else has come is not worth a message.
_NOTHING: Final = frozenset({"unchanged", "skipped"})


def digest_message(digest: RunDigest, waiting: Sequence[Message], link: str | None) -> Message | None:
    """The digest of a run with the approvals that its models wait for; `None` when there is nothing to be told.

    Args:
        digest: The run's.
        waiting: Requests for approval that were raised while it went on, and were kept for this message.
        link: The page that tells more.
    """
    row = digest.row
    if not waiting and set(row.counts) <= _NOTHING:
        return None
    asked = f" {len(waiting)} of its versions wait for a person's word." if waiting else ""
    return Message(
        key=f"digest-{row.run}",
        kind="digest",
        title=f"{row.operation.capitalize()} of {row.fleet}: {row.reason}",
        text=f"Asked for by {row.requested_by}; it took {_time(digest.seconds)}.{asked}",
        facts=(*_waiting(waiting), *_cells(digest.cells)),
        link=link,
        commands=tuple(one.commands[0] for one in waiting[:_SHOWN] if one.commands),
    )


def _waiting(waiting: Sequence[Message]) -> Iterator[Fact]:
    """One line for each request: what is asked, until when, and what an answer is bound to."""
    for one in waiting:
        told = {fact.title: fact.value for fact in one.facts}
        gates, until = told.get("Gates", ""), told.get("Answer by", "")
        yield Fact(title=one.title, value=f"Answer by {until}. {gates}")


def _cells(cells: Sequence[CellState]) -> Iterator[Fact]:
    for outcome in _NAMED:
        of_it = [cell for cell in cells if cell.outcome == outcome]
        yield from (Fact(title=f"{cell.name} {outcome}", value=cell.reason) for cell in of_it[:_SHOWN])
        if len(of_it) > _SHOWN:
            yield Fact(title=f"More that {outcome}", value=str(len(of_it) - _SHOWN))


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min" if minutes else "seconds"
