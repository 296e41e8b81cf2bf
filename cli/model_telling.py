"""How ``signalbox models`` and ``signalbox model`` print what the app tells."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import httpx
from rich.text import Text

from cli.asking import fetch
from cli.failures import CommandError
from cli.paths import api_path
from cli.printing import cell, console, printable, say, show, table
from cli.showing import show_answer
from shared.near_names import did_you_mean

#: States that ask for a person, in the order in which they are listed.
_URGENT: Final = ("awaiting_approval", "parked", "failed", "release_failed", "failed_over", "rolled_back", "rejected")
_STYLES: Final = {
    "released": "green",
    "awaiting_approval": "bold magenta",
    "parked": "bold red",
    "failed": "red",
    "release_failed": "red",
    "rejected": "yellow",
    "held": "cyan",
}

#: Columns of a terminal in which reasons have a column of their own.
_ROOMY: Final = 120
_SHOWN: Final = 12  # known words that are named

type Row = dict[str, Any]


def tell_models(
    url: str, key: str, fleet: str | None, select: Mapping[str, Sequence[str]], state: str | None, *, as_json: bool
) -> int:
    """Print the models that are wanted; gives the exit code."""

    def find(client: httpx.Client) -> Sequence[Row]:
        """Those that are wanted, the most urgent first."""
        rows = fetch(client, "GET", "/api/models", params={"brief": "true"})["models"]
        found = sorted((row for row in rows if _is_wanted(row, fleet, select, state)), key=_urgency)
        if not found:
            raise _none(rows, fleet, select, state)
        return found

    return show_answer(url, key, find, _print_rows, as_json=as_json)


def tell_model(url: str, key: str, name: str, *, as_json: bool) -> int:
    """Print a model; gives the exit code."""
    path = api_path("models", name)
    return show_answer(url, key, lambda client: fetch(client, "GET", path), _print_row, as_json=as_json)


def _is_wanted(row: Row, fleet: str | None, select: Mapping[str, Sequence[str]], state: str | None) -> bool:
    if fleet is not None and row["fleet"] != fleet:
        return False
    if state is not None and row["state"] != state:
        return False
    return all(row["labels"].get(label) in values for label, values in select.items())


def _none(
    rows: Sequence[Row], fleet: str | None, select: Mapping[str, Sequence[str]], state: str | None
) -> CommandError:
    """Why no model is shown: the first word that none of them has, and what was probably meant."""
    wanted = [
        ("fleet", fleet, {str(row["fleet"]) for row in rows}),
        ("state", state, {str(row["state"]) for row in rows}),
    ]
    wanted += [("label", label, {str(one) for row in rows for one in row["labels"]}) for label in select]
    wanted += [
        (label, value, {str(row["labels"][label]) for row in rows if label in row["labels"]})
        for label, values in select.items()
        for value in values
    ]
    for what, word, known in wanted:
        if word is not None and known and word not in known:
            there = f"there are {', '.join(sorted(known)[:_SHOWN])}"
            return CommandError(
                "no-model", f"none of {len(rows)} models has the {what} {word}", did_you_mean(word, known, there)
            )
    if not rows:
        return CommandError(
            "no-model", "the fleets of this app have no models", "signalbox fleet check looks at its file"
        )
    return CommandError(
        "no-model", f"none of {len(rows)} models is all of that at once", "ask for less: signalbox models"
    )


def _urgency(row: Row) -> tuple[int, str]:
    """Approvals that are waited for first, then what has gone wrong, then by name."""
    state = row["state"]
    return (_URGENT.index(state) if state in _URGENT else len(_URGENT)), row["model"]


def _print_rows(rows: Sequence[Row]) -> None:
    """The models in one table, the reasons in it where they have room, else each under its model."""
    out = console()
    waiting = sum(row["state"] in _URGENT for row in rows)
    if out.is_terminal:
        say(f"{len(rows)} models; {waiting or 'none'} {'need' if waiting != 1 else 'needs'} a person")
    beside = out.width >= _ROOMY
    shown = table("model", "state", "MAPE", "champion", *(("why",) if beside else ()), whole="model")
    for row in rows:
        champion = f"{row['champion']} since {row['champion_since'][:10]}" if row.get("champion") else ""
        cells = (row["model"], cell(row["state"], _STYLES.get(row["state"], "")), _mape(row), champion)
        shown.add_row(
            *(one if isinstance(one, Text) else cell(one) for one in cells), *([cell(row["reason"])] * beside)
        )
        if not beside and row["state"] in _URGENT:
            shown.add_note(row["reason"])
    show(shown)


def _print_row(row: Row) -> None:
    out = console()
    out.print(Text(printable(row["model"]), style="bold"), Text(str(row["state"]), style=_STYLES.get(row["state"], "")))
    say(f"  {row['reason']}")
    for line in _warnings(row):
        out.print(Text(f"  ! {printable(line)}", style="cyan"))
    if row.get("champion"):
        say(f"  in production: {_production(row)}")
    if waits := row.get("evidence"):
        say(f"  version {waits['version']} waits for a word until {waits['deadline'][:16]}:")
        say(f"    signalbox approve {row['model']}@{waits['version']} --reason …")
    for run in row.get("in_flight", ()):
        say(f"  {_doing(run)}")
    for line in _trained(row):
        say(f"  {line}")
    for one in row.get("overrides", ()):
        of = f" of version {one['version']}" if one.get("version") else ""
        say(f"  exception to {one['gate']}{of}, by {one['by']} until {one['until'][:10]}: {one['reason']}")
    for version, why in row.get("barred", {}).items():
        say(f"  version {version} is barred: {why}")
    if row.get("decisions"):
        shown = table("at", "event", "decision", "reason", whole="at")
        for one in row["decisions"]:
            shown.add_row(cell(one["at"][:19]), cell(one["event"]), cell(one["decision"]), cell(one["reason"]))
        show(shown)


def _trained(row: Row) -> Iterator[str]:
    """By what code, and how the version is judged that came of it."""
    if row.get("commit"):
        yield f"last trained with the code of commit {row['commit'][:12]}"
    for line in row.get("gates", ()):
        yield f"gate of version {row.get('version')}: {line}"


def _warnings(row: Row) -> Iterator[str]:
    """What keeps the model from going on by itself, and what does not fit together."""
    for hold in row.get("holds", ()):
        until = f" until {hold['until'][:16]}" if hold.get("until") else ""
        yield f"held ({hold['scope']}) by {hold['by']}{until}: {hold['reason']}"
    if parked := row.get("parked"):
        yield f"parked by {parked['by']}: {parked['reason']}. signalbox resume {row['model']} --reason … lets it go on"
    yield from (row["drift"],) if row.get("drift") else ()
    yield from row.get("ledger_findings", ())
    if letters := row.get("dead_letters"):
        several = "s" if letters > 1 else ""
        yield f"it was told {letters} thing{several} that could not be read; last: {row['dead_letter']}"


def _doing(run: Row) -> str:
    """What a run is at, and what it tries again."""
    status = run.get("status") or {}
    step = status.get("step") or ("waits for its turn" if run["waits_for_slot"] else "under way")
    again = status.get("retrying")
    tried = f"; {again['activity']} is tried again (attempt {again['attempt']}): {again['reason']}" if again else ""
    return f"{run['kind']} {run['attempt']}: {step}{tried}"


def _production(row: Row) -> str:
    serving = row["serving"]
    where = serving.get("endpoint") or serving.get("published") or "nowhere yet"
    name = f"version {row['champion']}"
    name = f"{row['stands_in']} {name}, which stands in," if row.get("stands_in") else name
    back = f"; last good before: version {row['last_good']['version']}" if row.get("last_good") else ""
    return f"{name} since {row['champion_since'][:10]}, at {where}{back}"


def _mape(row: Row) -> str:
    value = row.get("figures", {}).get("model", {}).get("mape")
    return "" if value is None else f"{value * 100:.1f} %"
