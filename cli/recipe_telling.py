"""``signalbox recipe``: what is said of a recipe, and of a draft; exit codes."""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from cli.failures import CommandError
from cli.files import require_file, unusable
from cli.printing import print_json, printable
from cli.recipe_draft import draft_recipe
from cli.recipe_screen import print_trial
from cli.recipe_trial import try_recipe
from cli.recipe_tried import Trial
from shared.conditioning.recipe.loader import load_recipe
from shared.errors import ConfigurationError, PermanentError

_FLEET_FILE: Final = "fleet.yaml"
#: Where a checkout of Signalbox has the schema that editors complete recipes by.
_SCHEMA: Final = Path("schemas", "recipe.schema.json")


def tell_check(file: Path, sample: Path | None, rows: int, beside: Path | None, *, as_json: bool) -> int:
    """Print what is wrong with a recipe, or what it makes of a sample.

    Returns:
        The exit code: 1 when the recipe cannot be used, or the sample would be refused.
    """
    for one in (file, sample):
        if one is not None:
            require_file(one)
    folder = beside or folder_of(file)
    try:
        recipe = load_recipe(file, folder)
        trial = try_recipe(recipe, folder, sample, rows) if sample is not None else None
    except (ConfigurationError, PermanentError) as error:
        problems = (error.message if isinstance(error, PermanentError) else str(error)).splitlines()
        if as_json:
            print_json({"recipe": str(file), "problems": problems, "sample": None})
        else:
            sys.stderr.writelines(f"{printable(problem)}\n" for problem in problems)
        return 1
    if as_json:
        print_json({"recipe": str(file), "problems": [], "sample": _as_json(trial) if trial is not None else None})
    elif trial is None:
        sys.stdout.write(f"{file}: {len(recipe.columns)} columns, {len(recipe.rules)} rules. All is well.\n")
    else:
        print_trial(trial)
    return int(trial is not None and bool(trial.refused))


def tell_draft(data: Path, out: Path | None, *, as_json: bool) -> int:
    """Print or write the draft of a recipe; gives the exit code.

    Raises:
        CommandError: The data cannot be read as a table, or the draft cannot be written.
    """
    require_file(data)
    try:
        text = draft_recipe(data, _schema_from(out.parent if out is not None else Path()))
    except PermanentError as error:
        raise unusable(error) from error
    if out is not None:
        _write(text, out)
    if as_json:
        print_json({"out": str(out) if out is not None else None, "recipe": text})
    elif out is None:
        sys.stdout.write(text)
    else:
        sys.stdout.write(f"{out}: look through its comments, then: signalbox recipe check {out} --sample {data}\n")
    return 0


def _write(text: str, out: Path) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        told = f"{out} cannot be written: {error.strerror}"
        raise CommandError("not-written", told, "name another file by --out, in a folder that is there") from error


def folder_of(recipe: Path) -> Path:
    """The folder of the fleet file above a recipe; the recipe's own where there is none."""
    above = recipe.absolute().parents
    found = next((folder for folder in above if (folder / _FLEET_FILE).is_file()), above[0])
    return Path(os.path.relpath(found))


def _schema_from(folder: Path) -> str:
    """The way from a folder to the schema; where it is not above, as if it lay there."""
    for above in (folder.absolute(), *folder.absolute().parents):
        if (above / _SCHEMA).is_file():
            return Path(os.path.relpath(above / _SCHEMA, folder.absolute())).as_posix()
    return _SCHEMA.as_posix()


def _as_json(trial: Trial) -> dict[str, Any]:
    said = asdict(trial)
    said["counts"] = trial.counts.to_wire() if trial.counts is not None else None
    for rule in said["rules"].values():
        rule["example"] = rule["example"] and rule["example"]._asdict()
    return said | {"types": dict(trial.types), "header": list(trial.header)}
