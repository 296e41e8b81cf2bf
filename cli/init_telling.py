"""``signalbox init``: what is said of a draft, and of its first run; exit codes."""

import os
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.failures import CommandError
from cli.files import require_file, unusable
from cli.init_draft import Drafted, Wish, draft_fleet, figure
from cli.printing import cell, print_json, say, show, table
from shared.errors import ConfigurationError, PermanentError


def tell_draft(wish: Wish, *, run: bool, as_json: bool) -> None:
    """Draft, and say what was found, chosen and written.

    Raises:
        CommandError: The file or one of the names cannot be used, or the folder is taken; nothing was written.
    """
    require_file(wish.data)
    try:
        drafted = draft_fleet(wish)
    except PermanentError as error:
        raise unusable(error) from error
    except ConfigurationError as error:
        raise CommandError("bad-draft", str(error), f"look through it: signalbox recipe infer {wish.data}") from error
    except OSError as error:
        told = f"{error.filename or wish.into} cannot be read or written: {error.strerror}"
        raise CommandError("no-file", told) from error
    if not as_json:
        _print(drafted, wish, run=run)
    elif not run:
        print_json(_as_json(drafted, wish.into))


def tell_run(folder: Path, data: Path, *, keep: bool, as_json: bool) -> int:
    """Run a drafted fleet on this machine; gives the exit code: 1 when it did not come to its end.

    Raises:
        CommandError: It cannot be run.
    """
    if not (folder / "fleet.yaml").is_file():
        told = f"{folder} has no fleet.yaml"
        raise CommandError("no-fleet", told, f"draft it first: signalbox init --data {data} --target … --time …")
    require_file(data)
    from cli.init_run import run_fleet  # noqa: PLC0415 - the stack is heavy, and a draft does not need it

    return run_fleet(folder, data, keep=keep, as_json=as_json)


def _print(drafted: Drafted, wish: Wish, *, run: bool) -> None:
    choices, metric = drafted.choices, drafted.choices.metric
    say(f"Found in {wish.data.name}:")
    for line in choices.findings:
        say(f"  {line}")
    if drafted.rejected:
        say(f"  {drafted.rejected:,} of {drafted.records:,} rows do not fit the recipe, and go to quarantine")
    say("Chosen:")
    for what, why in choices.said:
        say(f"  {what}. {why}")
    models = f"{choices.models} model{'s' * (choices.models > 1)}"
    by = f", one per {' and '.join(choices.labels)}" if choices.labels else ""
    say(f"Drafted {models}{by}, and trained each once. Test period, {metric.upper()}:")
    shown = table("model", "rows", "historical average", "naive", "model ", "gates")
    for model, figures in drafted.figures.items():
        columns = [figure(figures[whose][metric], metric) for whose in ("baseline", "naive", "model")]
        verdict = _verdict(figures, metric, drafted.bound)
        shown.add_row(model, f"{figures['rows']:,}", *columns, cell(verdict, "green" if verdict == "pass" else "red"))
    show(shown)
    say('Naive says "as the last known value". Where the model hardly beats it, claim no more than that.')
    folder = wish.into
    say(f"Wrote {len(drafted.files)} files into {folder}{os.sep}: README.md says what is where.")
    if not run:
        say("Next:")
        say(f"  signalbox fleet check {folder / 'fleet.yaml'}")
        command = ["signalbox", "init", "--run", "--data", str(wish.data), "--into", str(folder)]
        say(f"  {shlex.join(command)}")


def _verdict(figures: dict[str, Any], metric: str, bound: str) -> str:
    """What the drafted gates would say, in a word."""
    own, baseline = figures["model"][metric], figures["baseline"][metric]
    limit = float(bound.removesuffix("%")) / (100 if bound.endswith("%") else 1)
    if own is None or own > limit:
        return f"reject: above {bound}"
    return "pass" if baseline is not None and own < baseline else "reject: baseline"


def _as_json(drafted: Drafted, folder: Path) -> dict[str, Any]:
    choices = asdict(drafted.choices) | {"models": drafted.choices.models}
    return {
        "folder": str(folder),
        "fleet": drafted.name,
        "found": list(drafted.choices.findings),
        "chosen": {key: value for key, value in choices.items() if key != "findings"},
        "figures": dict(drafted.figures),
        "bound": drafted.bound,
        "rejected": drafted.rejected,
        "files": list(drafted.files),
    }
