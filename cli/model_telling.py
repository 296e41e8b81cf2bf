"""How ``signalbox models`` and ``signalbox model`` print what the app tells."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import httpx
from rich.text import Text

from cli.asking import asking, fetch
from cli.printing import cell, console, print_json, printable, say, table

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

type Row = dict[str, Any]


def tell_models(
    url: str, key: str, fleet: str | None, select: Mapping[str, Sequence[str]], state: str | None, *, as_json: bool
) -> int:
    """Print the models that are wanted; gives the exit code: 1 when there is none."""

    def tell(client: httpx.Client) -> int:
        rows = fetch(client, "GET", "/api/models")["models"]
        found = sorted((row for row in rows if _is_wanted(row, fleet, select, state)), key=_urgency)
        if as_json:
            print_json(found)
        elif found:
            _print_rows(found)
        else:
            states = ", ".join(sorted({str(row["state"]) for row in rows}))
            say(f"none of {len(rows)} models is so; their states: {states}")
        return 0 if found else 1

    return asking(url, key, tell)


def tell_model(url: str, key: str, name: str, *, as_json: bool) -> int:
    """Print a model; gives the exit code."""

    def tell(client: httpx.Client) -> int:
        row = fetch(client, "GET", f"/api/models/{name}")
        if as_json:
            print_json(row)
        else:
            _print_row(row)
        return 0

    return asking(url, key, tell)


def _is_wanted(row: Row, fleet: str | None, select: Mapping[str, Sequence[str]], state: str | None) -> bool:
    if fleet is not None and row["fleet"] != fleet:
        return False
    if state is not None and row["state"] != state:
        return False
    return all(row["labels"].get(label) in values for label, values in select.items())


def _urgency(row: Row) -> tuple[int, str]:
    """Approvals that are waited for first, then what has gone wrong, then by name."""
    state = row["state"]
    return (_URGENT.index(state) if state in _URGENT else len(_URGENT)), row["model"]


def _print_rows(rows: Sequence[Row]) -> None:
    shown = table("model", "state", "MAPE", "champion", "why", whole="model")
    for row in rows:
        champion = f"{row['champion']} since {row['champion_since'][:10]}" if row.get("champion") else ""
        style = _STYLES.get(row["state"], "")
        shown.add_row(
            cell(row["model"]), cell(row["state"], style), cell(_mape(row)), cell(champion), cell(row["reason"])
        )
    console().print(shown)


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
    for line in row.get("gates", ()):
        say(f"  gate of version {row.get('version')}: {line}")
    for one in row.get("overrides", ()):
        of = f" of version {one['version']}" if one.get("version") else ""
        say(f"  exception to {one['gate']}{of}, by {one['by']} until {one['until'][:10]}: {one['reason']}")
    for version, why in row.get("barred", {}).items():
        say(f"  version {version} is barred: {why}")
    if row.get("decisions"):
        shown = table("at", "event", "decision", "reason", whole="at")
        for one in row["decisions"]:
            shown.add_row(cell(one["at"][:19]), cell(one["event"]), cell(one["decision"]), cell(one["reason"]))
        out.print(shown)


def _warnings(row: Row) -> Iterator[str]:
    """What keeps the model from going on by itself, and what does not fit together."""
    for hold in row.get("holds", ()):
        until = f" until {hold['until'][:16]}" if hold.get("until") else ""
        yield f"held ({hold['scope']}) by {hold['by']}{until}: {hold['reason']}"
    if parked := row.get("parked"):
        yield f"parked by {parked['by']}: {parked['reason']}. signalbox resume {row['model']} --reason … lets it go on"
    yield from (row["drift"],) if row.get("drift") else ()
    yield from row.get("ledger_findings", ())


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
