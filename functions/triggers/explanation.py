"""The words of an explanation: first what would begin, then what waits, then what nothing would be done about."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from functions.triggers.understood import Cell, Understood
from shared.interlock.explaining import Begun, Foreseen

#: So many are named; of the others it is told how many they are.
_NAMED: Final = 3
#: So many different reasons are told in the summary; every model has its own beside it.
_REASONS: Final = 2
_CELLS: Final = {
    "publish": "would be published",
    "wait": "would wait",
    "leave": "would be left out",
    "fail": "would fail",
}
_OTHERS: Final = {
    "tell": "would tell a run in flight",
    "wait": "would wait",
    "refuse": "would refuse",
    "nothing": "would do nothing",
}


def explanation(understood: Understood, foreseen: Sequence[Foreseen], unread: Sequence[str]) -> dict[str, Any]:
    """What is answered of one event.

    Args:
        understood: What it means.
        foreseen: What the models would do.
        unread: Models whose state could not be read.
    """
    return {
        "channel": understood.channel,
        "what": understood.what,
        "accepted": understood.accepted,
        "reason": understood.reason,
        "summary": _summary(understood, foreseen, unread),
        "sources": list(understood.sources),
        "datasets": list(understood.datasets),
        "cells": [cell._asdict() for cell in understood.cells],
        "models": [_model(one) for one in foreseen],
        "notes": [*understood.notes, *(_unread(name) for name in unread)],
    }


def _model(one: Foreseen) -> dict[str, Any]:
    return {
        "model": one.model,
        "would": one.would,
        "begins": [f"{run.run} {run.of}".strip() for run in one.begins],
        "tells": list(one.tells),
        "reason": one.reason,
    }


def _summary(understood: Understood, foreseen: Sequence[Foreseen], unread: Sequence[str]) -> str:
    if not understood.accepted:
        return f"Would start nothing. {understood.reason}"
    said = [*_cells(understood.cells), *_begun(foreseen), *_others(foreseen), *map(_unread, unread)]
    if not said:
        return " ".join((understood.reason, *understood.notes))
    return " ".join(said)


def _cells(cells: Iterable[Cell]) -> list[str]:
    """Cells by what would become of them and why."""
    by: dict[tuple[str, str], list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: list(_CELLS).index(cell.would)):
        by.setdefault((cell.would, cell.reason), []).append(cell)
    said = [f"{_what(found)} {_CELLS[would]}: {reason}" for (would, reason), found in by.items()]
    more = f"{len(said) - _REASONS} more kinds of cells are listed below."
    return said if len(said) <= _REASONS + 1 else [*said[:_REASONS], more]


def _what(cells: Sequence[Cell]) -> str:
    new = "A new version of " if cells[0].would == "publish" else ""
    return new + _listed([cell.name for cell in cells])


def _begun(foreseen: Iterable[Foreseen]) -> list[str]:
    """Runs that would begin, those of one kind together."""
    by: dict[Begun, list[Foreseen]] = {}
    for one in foreseen:
        for run in one.begins:
            by.setdefault(run, []).append(one)
    return [
        f"Would begin {_one(run.run)} of {_listed([one.model for one in found])}{run.of and f' {run.of}'}, "
        f"since: {_reasons(found)}"
        for run, found in by.items()
    ]


def _others(foreseen: Sequence[Foreseen]) -> list[str]:
    """What does not begin: it waits, is told something, is refused, or nothing is done."""
    began = any(one.begins for one in foreseen)
    said: list[str] = []
    for would, words in _OTHERS.items():
        found = [one for one in foreseen if one.would == would]
        if found:
            who = _counted(found) if began else _listed([one.model for one in found])
            said.append(f"{who} {words}: {_reasons(found)}")
    return said


def _one(run: str) -> str:
    return f"an {run}" if run[0] in "aeiou" else f"a {run}"


def _counted(found: Sequence[Foreseen]) -> str:
    return found[0].model if len(found) == 1 else f"{len(found)} others"


def _reasons(found: Iterable[Foreseen]) -> str:
    """Their reasons; many models have the same one."""
    reasons = list(dict.fromkeys(one.reason for one in found))
    more = f" ({len(reasons) - _REASONS} more reasons: see each model.)" if len(reasons) > _REASONS else ""
    return " ".join(reasons[:_REASONS]) + more


def _listed(given: Sequence[str]) -> str:
    if len(given) <= _NAMED:
        return " and ".join((", ".join(given[:-1]), given[-1])) if len(given) > 1 else given[0]
    return f"{', '.join(given[:_NAMED])} and {len(given) - _NAMED} more"


def _unread(name: str) -> str:
    return f"What {name} would do cannot be told: its state was written by a newer version of this app."
