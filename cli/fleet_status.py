"""How ``signalbox fleet status`` prints what the app tells of its fleets."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.text import Text

from cli.asking import fetch
from cli.printing import console, printable, say
from cli.showing import show_answer

type Fleet = dict[str, Any]
#: So many runs are named; of the others it is told how many they are.
_NAMED: Final = 3


def tell_status(url: str, key: str, *, as_json: bool) -> int:
    """Print every fleet; gives the exit code."""
    return show_answer(url, key, lambda client: fetch(client, "GET", "/api/fleets")["fleets"], _print, as_json=as_json)


def _print(found: Sequence[Fleet]) -> None:
    out = console()
    for fleet in found:
        of = f" ({fleet['environment']})" if fleet["environment"] else ""
        out.print(Text(printable(f"{fleet['fleet']}{of}"), style="bold"), Text(_models(fleet)))
        for line in _held(fleet):
            out.print(Text(f"  ! {printable(line)}", style="cyan"))
        for line in _doing(fleet):
            say(f"  {line}")
    if not found:
        say("no fleet that you may see")


def _models(fleet: Fleet) -> str:
    states = fleet["models"]
    total = sum(states.values())
    told = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in states.items())
    return f"{total} model{'' if total == 1 else 's'}: {told}"


def _held(fleet: Fleet) -> Iterator[str]:
    """What was ordered of many models at once."""
    for hold in fleet["holds"]:
        until = f" until {hold['until'][:16].replace('T', ' ')}" if hold["until"] else ""
        models = f"{hold['models']} model{'' if hold['models'] == 1 else 's'}"
        since = hold["since"][:16].replace("T", " ")
        yield f"held ({hold['scope']}) by {hold['by']} since {since}{until}, {models}: {hold['reason']}"


def _doing(fleet: Fleet) -> Iterator[str]:
    places = f" of {fleet['at_once']} at once" if fleet["at_once"] is not None else ""
    if fleet["running"]:
        yield f"running{places}: {_runs(fleet['running'])}"
    if fleet["waiting"]:
        yield f"waits for its turn: {_runs(fleet['waiting'])}"
    for operation, at in fleet["next"].items():
        yield f"next {operation}: {at[:16].replace('T', ' ')} UTC"


def _runs(runs: Sequence[dict[str, Any]]) -> str:
    named = [f"{run['kind']} {run['attempt']} of {run['model']}" for run in runs[:_NAMED]]
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    return f"{', '.join(named)}{more}"
